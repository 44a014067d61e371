import {
  type CommandOutcome,
  ConfigError,
  ConnectError,
  ConnectionLostError,
  StateError,
  VersionError,
} from "../errors.ts";
import { isError } from "../internal/kinds.ts";
import type { Request } from "./request.ts";

/**
 * Returns true if trying again does not help. A refused password is tried again, because it may be
 * corrected in the program or on the server.
 */
export function isFinal(error: Error): boolean {
  return error instanceof VersionError || error instanceof ConfigError;
}

/** Returns the error of a failed attempt. */
export function asError(error: unknown): Error {
  return isError(error)
    ? error
    : new ConnectError("CONNECT_FAILED", "Cannot connect as the attempt failed", { cause: error });
}

/** Returns the error for a command whose connection ended because of `cause`. */
export function requestLost(
  { command }: Request,
  outcome: CommandOutcome,
  cause: Error,
): ConnectionLostError {
  const known = outcome === "not-sent" ? "it was not sent" : "the server may have executed it";
  return new ConnectionLostError(
    cause instanceof ConnectionLostError ? cause.code : "CONNECTION_LOST",
    `Cannot complete ${command.verb} as the connection was lost, and ${known}: ${cause.message}`,
    { outcome, cause },
  );
}

/** Returns the error for a command that is not sent, or not sent again, because of `cause`. */
export function unsentRequestLost(request: Request, cause: Error): ConnectionLostError {
  // The server may have executed it on an earlier connection.
  return requestLost(request, request.resent === true ? "unknown" : "not-sent", cause);
}

/** Returns the error for a command that was not sent before its deadline. */
export function deadlinePassed({ command, resent }: Request): ConnectionLostError {
  return new ConnectionLostError(
    "DEADLINE_PASSED",
    `Cannot complete ${command.verb} as there was no connection before its deadline`,
    { outcome: resent === true ? "unknown" : "not-sent" },
  );
}

/** Returns the error for a connection that was closed on purpose. */
export function closedError(): StateError {
  return new StateError("CLOSED", "Cannot reach the server as the connection was closed");
}
