import {
  AuthenticationError,
  ConnectError,
  ConnectionLostError,
  ProtocolError,
  ServerError,
  TimeoutError,
} from "../errors.ts";
import { formatAddress } from "../transport/failures.ts";
import type { ConnectTarget } from "../transport/transport.ts";

/** The greeting, in the text of an error. */
export const GREETING = "its greeting";

/**
 * Returns the error for a connection that took too long. `isSilent`: it was opened, but the server
 * sent no greeting.
 */
export function connectTimedOut(
  target: ConnectTarget,
  ms: number,
  isSilent: boolean,
): ConnectError {
  // A server that expects TLS waits silently, and so does a client that expects a greeting.
  return new ConnectError(
    "CONNECT_TIMEOUT",
    `Cannot connect to ${formatAddress(target)} as it took longer than ${ms} ms` +
      (isSilent ? hintAtTls(target) : ""),
  );
}

/** Returns the error for a server that wants a password. */
export function passwordRequired(target: ConnectTarget): AuthenticationError {
  return new AuthenticationError(
    "PASSWORD_REQUIRED",
    `Cannot connect to ${formatAddress(target)} as the server wants a password and none was set`,
  );
}

/** Returns the error for a refused password; other errors are returned as they are. */
export function helloRefused(error: unknown, target: ConnectTarget): unknown {
  if (!(error instanceof ServerError && /invalid password/i.test(error.reply))) return error;
  return new AuthenticationError(
    "PASSWORD_REFUSED",
    `Cannot connect to ${formatAddress(target)} as the server refuses the password`,
    { cause: error },
  );
}

/** Returns the error for a connection that ended while the client waited for `awaited`. */
export function endedEarly(
  error: Error | undefined,
  target: ConnectTarget,
  awaited: string,
): Error {
  if (error instanceof ProtocolError && awaited === GREETING) return otherServer(error, target);
  if (error !== undefined && !(error instanceof ConnectionLostError)) return error;
  const hint = awaited === GREETING ? hintAtTls(target) : "";
  if (error instanceof TimeoutError) {
    return new ConnectError(
      "CONNECT_TIMEOUT",
      `Cannot connect to ${
        formatAddress(target)
      } as the server did not send ${awaited} in time${hint}`,
      { cause: error },
    );
  }
  return new ConnectError(
    "CONNECT_FAILED",
    `Cannot connect to ${
      formatAddress(target)
    } as the server closed the connection before ${awaited}${hint}`,
    { cause: error },
  );
}

/**
 * Returns the error for another kind of server. SSH and mail servers also send the first message.
 */
function otherServer(cause: ProtocolError, target: ConnectTarget): ProtocolError {
  return new ProtocolError(
    cause.code,
    `Cannot connect to ${formatAddress(target)} as it is not a Faktory server`,
    { cause },
  );
}

/** Returns a hint for a server that has sent no greeting. */
function hintAtTls({ tls }: ConnectTarget): string {
  return tls === undefined ? ". Does the server want TLS (tcp+tls://)?" : "";
}
