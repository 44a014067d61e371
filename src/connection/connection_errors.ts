import { ConnectError, ConnectionLostError, ProtocolError, TimeoutError } from "../errors.ts";
import { isError } from "../internal/kinds.ts";
import { showText } from "../internal/show.ts";
import { serverError } from "../protocol/server_errors.ts";
import type { Reply } from "../protocol/reply.ts";

/** Returns the error for a connection that has ended because of `cause`. */
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

/** Returns the error for a reply without a command. */
export function unexpectedReply(reply: Reply): Error {
  if (reply.kind === "error") return serverError(reply.text);
  return new ProtocolError(
    "PROTOCOL_VIOLATION",
    `Cannot use the connection as the server sent a reply (${reply.kind}) without a command`,
  );
}

/** Returns the error for a server that accepts no more connections, with the server's text. */
export function tooManyConnections(text: string): ConnectError {
  return new ConnectError(
    "TOO_MANY_CONNECTIONS",
    `Cannot connect as the server has too many connections: got ${showText(text)}`,
  );
}

/** Returns the error for a command without a reply for too long. */
export function replyTimedOut(verb: string | undefined, timeoutMs: number): TimeoutError {
  return new TimeoutError(
    "COMMAND_TIMEOUT",
    `Cannot read the reply to ${verb} as the server sent none for ${timeoutMs} ms`,
    { outcome: "unknown" },
  );
}
