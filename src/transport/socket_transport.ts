import { FaktoryError } from "../errors.ts";
import { onAbort } from "../internal/aborts.ts";
import { connectFailure, isAboutCertificate, tlsFailure } from "./failures.ts";
import { connectByLoopback } from "./localhost.ts";
import type { ConnectTarget, Transport, TransportConnection } from "./transport.ts";

/**
 * Time without traffic after which TCP keep-alive tests a connection, in milliseconds, if the
 * runtime allows setting it.
 */
export const KEEP_ALIVE_MS = 30_000;

/** One attempt to open a socket. */
export interface SocketAttempt {
  /** The name or address to connect to: that of the target, or a loopback address instead. */
  readonly hostname: string;
  readonly target: ConnectTarget;
  /**
   * Aborted when the result is not needed any more. A driver may then close the socket at once, or
   * ignore it.
   */
  readonly signal: AbortSignal;
  /**
   * Set by the driver when TCP is connected. Later errors count as errors of TLS, if TLS is used.
   */
  isConnected: boolean;
}

/** The functions that a runtime provides for its sockets. */
export interface SocketDriver {
  readonly name: string;
  /**
   * Opens a socket. With TLS, resolves only when the server's certificate is verified, for the
   * target's name and not for `attempt.hostname`. Rejects with the runtime's own error, or with one
   * of this package.
   */
  open(attempt: SocketAttempt): Promise<TransportConnection>;
  /** Refuses options that the runtime does not support. @throws {ConfigError} */
  check?(target: ConnectTarget): void;
  /**
   * Returns true if an address may be tried instead of the name `localhost`. @default always true
   */
  mayUse?(address: string, target: ConnectTarget): boolean;
  /** Converts an error of `open`, if the runtime's errors need special treatment. */
  explain?(error: unknown, attempt: SocketAttempt): FaktoryError | undefined;
}

/** Creates a transport from a runtime's sockets. */
export function socketTransport(driver: SocketDriver): Transport {
  return {
    name: driver.name,
    async connect(target, { signal } = {}) {
      driver.check?.(target);
      return await connectByLoopback(
        target.hostname,
        (hostname) => attempt(driver, { hostname, target }, signal),
        (address) => driver.mayUse?.(address, target) !== false,
      );
    },
  };
}

/**
 * Opens a socket. Rejects with the signal's reason as soon as it is aborted. A connection that
 * opens later is closed.
 */
function attempt(
  driver: SocketDriver,
  address: { readonly hostname: string; readonly target: ConnectTarget },
  signal: AbortSignal | undefined,
): Promise<TransportConnection> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // The caller's signal is not passed on, because runtimes also close open connections with it.
    const abandon = new AbortController();
    const removeListener = onAbort(signal, () => {
      reject(signal!.reason);
      abandon.abort(signal!.reason);
    });
    const attempt: SocketAttempt = { ...address, signal: abandon.signal, isConnected: false };
    const opening = (async () => await driver.open(attempt))();
    opening.then((connection) => {
      removeListener();
      if (abandon.signal.aborted) connection.close(abandon.signal.reason);
      else resolve(connection);
    }, (error) => {
      removeListener();
      reject(errorOf(driver, error, attempt));
    });
  });
}

function errorOf(driver: SocketDriver, error: unknown, attempt: SocketAttempt): FaktoryError {
  if (error instanceof FaktoryError) return error;
  const explained = driver.explain?.(error, attempt);
  if (explained !== undefined) return explained;
  const { target, isConnected } = attempt;
  return isConnected && target.tls !== undefined
    ? tlsFailure(error, target, isAboutCertificate(error))
    : connectFailure(error, target);
}
