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
 * Whether trying again cannot help. A refused password can be put right on either side, and so is
 * tried again.
 */
export function isFinal(error: Error): boolean {
  return error instanceof VersionError || error instanceof ConfigError;
}

/** What an attempt to connect failed with. */
export function asError(error: unknown): Error {
  return isError(error)
    ? error
    : new ConnectError("CONNECT_FAILED", "Cannot connect as the attempt failed", { cause: error });
}

/** A command was given up, as its connection ended by `cause`. */
export function requestLost(
  { command }: Request,
  outcome: CommandOutcome,
  cause: Error,
): ConnectionLostError {
  const known = outcome === "not-sent"
    ? "it was not sent"
    : "it is unknown whether the server carried it out";
  return new ConnectionLostError(
    cause instanceof ConnectionLostError ? cause.code : "CONNECTION_LOST",
    `Cannot complete ${command.verb} as the connection was lost, and ${known}: ${cause.message}`,
    { outcome, cause },
  );
}

/** A command that is not sent, or not sent again, because of `cause`. */
export function unsentRequestLost(request: Request, cause: Error): ConnectionLostError {
  // The server may have executed it on an earlier connection.
  return requestLost(request, request.resent === true ? "unknown" : "not-sent", cause);
}

/** A command was not sent before its deadline. */
export function deadlinePassed({ command, resent }: Request): ConnectionLostError {
  return new ConnectionLostError(
    "DEADLINE_PASSED",
    `Cannot complete ${command.verb} as there was no connection until its deadline`,
    { outcome: resent === true ? "unknown" : "not-sent" },
  );
}

/** The connection was closed on purpose. */
export function closed(): StateError {
  return new StateError("CLOSED", "Cannot reach the server as the connection was closed");
}
