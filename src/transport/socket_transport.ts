import { FaktoryError } from "../errors.ts";
import { onAbort } from "../internal/aborts.ts";
import { connectFailure, isAboutCertificate, tlsFailure } from "./failures.ts";
import { overLoopback } from "./localhost.ts";
import type { ConnectTarget, Transport, TransportConnection } from "./transport.ts";

/**
 * A connection without traffic is looked after from this time on, in milliseconds, where the
 * runtime lets that be set.
 */
export const KEEP_ALIVE_MS = 30_000;

/** One attempt to open a socket. */
export interface SocketAttempt {
  /** The name or address to connect to: the target's, or a loopback address in its place. */
  readonly hostname: string;
  readonly target: ConnectTarget;
  /** Nobody waits any longer: what was opened may be closed at once. A driver may ignore it. */
  readonly signal: AbortSignal;
  /** To be set when TCP is up: what goes wrong then is told as an error of TLS, if there is TLS. */
  isConnected: boolean;
}

/** What a runtime does for its sockets. */
export interface SocketDriver {
  readonly name: string;
  /**
   * Opens a socket. With TLS it resolves only when the peer's certificate is verified; a name to
   * verify is the target's, not `attempt.hostname`. It rejects with the runtime's own error, or
   * with one of this package.
   */
  open(attempt: SocketAttempt): Promise<TransportConnection>;
  /** Refuses what the runtime cannot do. @throws {ConfigError} */
  check?(target: ConnectTarget): void;
  /** Whether an address may be tried in place of the name `localhost`. @default always */
  mayUse?(address: string, target: ConnectTarget): boolean;
  /**
   * The error for what `open` rejected with, if the runtime's errors have to be told apart in its
   * own way.
   */
  explain?(error: unknown, attempt: SocketAttempt): FaktoryError | undefined;
}

/** A transport over the sockets of a runtime. */
export function socketTransport(driver: SocketDriver): Transport {
  return {
    name: driver.name,
    async connect(target, { signal } = {}) {
      driver.check?.(target);
      return await overLoopback(
        target.hostname,
        (hostname) => attempt(driver, { hostname, target }, signal),
        (address) => driver.mayUse?.(address, target) !== false,
      );
    },
  };
}

/**
 * Opens a socket, or rejects with the signal's reason as soon as there is one. A connection that
 * comes late is closed.
 */
function attempt(
  driver: SocketDriver,
  place: { readonly hostname: string; readonly target: ConnectTarget },
  signal: AbortSignal | undefined,
): Promise<TransportConnection> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // Not the caller's signal: runtimes close connections by it later on, too.
    const giveUp = new AbortController();
    const forget = onAbort(signal, () => {
      reject(signal!.reason);
      giveUp.abort(signal!.reason);
    });
    const attempt: SocketAttempt = { ...place, signal: giveUp.signal, isConnected: false };
    const opening = (async () => await driver.open(attempt))();
    opening.then((connection) => {
      forget();
      if (giveUp.signal.aborted) connection.close(giveUp.signal.reason);
      else resolve(connection);
    }, (error) => {
      forget();
      reject(failureOf(driver, error, attempt));
    });
  });
}

function failureOf(driver: SocketDriver, error: unknown, attempt: SocketAttempt): FaktoryError {
  if (error instanceof FaktoryError) return error;
  const explained = driver.explain?.(error, attempt);
  if (explained !== undefined) return explained;
  const { target, isConnected } = attempt;
  return isConnected && target.tls !== undefined
    ? tlsFailure(error, target, isAboutCertificate(error))
    : connectFailure(error, target);
}
