import { ConnectError, TlsError } from "../errors.ts";

/**
 * Calls `attempt` with the host name and, if it is `localhost` and that fails, with each loopback
 * address. Some runtimes try only the first address of a name, and some machines resolve
 * `localhost` only to IPv4 while the server listens on IPv6.
 *
 * Rejects with the error for the name. `mayUse` excludes addresses.
 */
export async function connectByLoopback<T>(
  hostname: string,
  attempt: (hostname: string) => Promise<T>,
  mayUse: (address: string) => boolean = () => true,
): Promise<T> {
  try {
    return await attempt(hostname);
  } catch (error) {
    if (!/^localhost\.?$/i.test(hostname) || !mayTryAnotherAddress(error)) throw error;
    for (const address of ["127.0.0.1", "::1"].filter(mayUse)) {
      try {
        return await attempt(address);
      } catch (other) {
        // Something answered at this address, so this error is more useful than that for the name.
        if (!mayTryAnotherAddress(other)) throw other;
      }
    }
    throw error;
  }
}

function mayTryAnotherAddress(error: unknown): boolean {
  return error instanceof ConnectError && !(error instanceof TlsError);
}
