import { ConnectError, ConnectionLostError, ProtocolError, TimeoutError } from "../errors.ts";
import { isError } from "../internal/kinds.ts";
import { showText } from "../internal/show.ts";
import { serverError } from "../protocol/server_errors.ts";
import type { Reply } from "../protocol/reply.ts";

/** The connection ended, or broke by `cause`. */
export function connectionLost(cause: unknown): ConnectionLostError {
  const reason = cause === undefined
    ? "the server closed it"
    : isError(cause)
    ? cause.message
    : String(cause);
  return new ConnectionLostError("CONNECTION_LOST", `The connection was lost: ${reason}`, {
    outcome: "unknown",
    cause,
  });
}

/** A reply came that nobody waits for. */
export function unexpectedReply(reply: Reply): Error {
  if (reply.kind === "error") return serverError(reply.text);
  return new ProtocolError(
    "PROTOCOL_VIOLATION",
    `Cannot use the connection any longer as the server sent a reply of the kind ${reply.kind} to no command`,
  );
}

/** The server has no connection left, by these words of its. */
export function tooManyConnections(text: string): ConnectError {
  return new ConnectError(
    "TOO_MANY_CONNECTIONS",
    `Cannot connect as the server has no connection left: it said ${showText(text)}`,
  );
}

/** The oldest command has had no reply for too long. */
export function replyTimedOut(verb: string | undefined, timeoutMs: number): TimeoutError {
  return new TimeoutError(
    "COMMAND_TIMEOUT",
    `Cannot read the reply to ${verb} as the server sent none for ${timeoutMs} ms`,
    { outcome: "unknown" },
  );
}
