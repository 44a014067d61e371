import {
  AuthenticationError,
  ConnectError,
  ConnectionLostError,
  ProtocolError,
  ServerError,
  TimeoutError,
} from "../errors.ts";
import { placeOf } from "../transport/failures.ts";
import type { ConnectTarget } from "../transport/transport.ts";

/** What the client waits for first, in the text of an error. */
export const GREETED = "its greeting";

/** No connection in time; `isSilent` if there was one, and no greeting came. */
export function connectTimedOut(
  target: ConnectTarget,
  ms: number,
  isSilent: boolean,
): ConnectError {
  // A server that waits for TLS says nothing to a client that waits for its greeting.
  return new ConnectError(
    "CONNECT_TIMEOUT",
    `Cannot connect to ${placeOf(target)} as it took longer than ${ms} ms` +
      (isSilent ? hintAtTls(target) : ""),
  );
}

/** The server wants a password. */
export function passwordRequired(target: ConnectTarget): AuthenticationError {
  return new AuthenticationError(
    "PASSWORD_REQUIRED",
    `Cannot connect to ${placeOf(target)} as the server wants a password and none was given`,
  );
}

/** `error`, or what it means as the reply to HELLO. */
export function helloRefused(error: unknown, target: ConnectTarget): unknown {
  if (!(error instanceof ServerError && /invalid password/i.test(error.reply))) return error;
  return new AuthenticationError(
    "PASSWORD_REFUSED",
    `Cannot connect to ${placeOf(target)} as the server refuses the password`,
    { cause: error },
  );
}

/** The connection ended by `error` while the client waited for `awaited`. */
export function endedEarly(
  error: Error | undefined,
  target: ConnectTarget,
  awaited: string,
): Error {
  if (error instanceof ProtocolError && awaited === GREETED) return otherServer(error, target);
  if (error !== undefined && !(error instanceof ConnectionLostError)) return error;
  const hint = awaited === GREETED ? hintAtTls(target) : "";
  if (error instanceof TimeoutError) {
    return new ConnectError(
      "CONNECT_TIMEOUT",
      `Cannot connect to ${placeOf(target)} as the server did not send ${awaited} in time${hint}`,
      { cause: error },
    );
  }
  return new ConnectError(
    "CONNECT_FAILED",
    `Cannot connect to ${placeOf(target)} as the server hung up before ${awaited}${hint}`,
    { cause: error },
  );
}

/** Something else answers: SSH and mail servers speak first, too. */
function otherServer(cause: ProtocolError, target: ConnectTarget): ProtocolError {
  return new ProtocolError(
    cause.code,
    `Cannot connect to ${placeOf(target)} as what answers there does not greet as Faktory does`,
    { cause },
  );
}

/** For a server that has not greeted. */
function hintAtTls({ tls }: ConnectTarget): string {
  return tls === undefined ? ". Does the server want TLS (tcp+tls://)?" : "";
}
