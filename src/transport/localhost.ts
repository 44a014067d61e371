import { ConnectError, TlsError } from "../errors.ts";

/**
 * Makes `attempt` with the host's name, and for `localhost` with each loopback address after that:
 * by name, some runtimes try the first address only, and some machines give the name to IPv4 alone
 * while the server listens on IPv6.
 *
 * Rejects with what the name led to. `mayUse` holds back addresses that are not to be tried.
 */
export async function overLoopback<T>(
  hostname: string,
  attempt: (hostname: string) => Promise<T>,
  mayUse: (address: string) => boolean = () => true,
): Promise<T> {
  try {
    return await attempt(hostname);
  } catch (error) {
    if (!/^localhost\.?$/i.test(hostname) || !isWorthAnother(error)) throw error;
    for (const address of ["127.0.0.1", "::1"].filter(mayUse)) {
      try {
        return await attempt(address);
      } catch (other) {
        // That something answered there is nearer to the truth than that by name nothing did.
        if (!isWorthAnother(other)) throw other;
      }
    }
    throw error;
  }
}

function isWorthAnother(error: unknown): boolean {
  return error instanceof ConnectError && !(error instanceof TlsError);
}
