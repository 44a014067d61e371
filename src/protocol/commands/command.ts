import { ProtocolError } from "../../errors.ts";
import { serverError } from "../server_errors.ts";
import type { Reply } from "../reply.ts";

/**
 * What to do with a command whose reply was lost: `safe` may be sent again, `once` may have been
 * carried out and would be carried out twice, `never` must not be sent again blindly.
 */
export type Resend = "safe" | "once" | "never";

/** A command for the server, and how its reply is read. */
export interface Command<T> {
  readonly verb: string;
  /** What follows the verb, on one line. */
  readonly payload: string;
  readonly resend: Resend;
  /**
   * Throws what the server's refusal means, or a `ProtocolError` on a reply that makes no sense
   * here. `resent` is set where the command was sent before and may have been carried out then.
   */
  parse(reply: Reply, resent?: boolean): T;
}

/** Reads `+OK`. */
export function parseOk(reply: Reply): void {
  if (reply.kind === "status") return;
  throw unexpected(reply, "OK");
}

/** Reads a text that came as a status or as a bulk: servers differ. */
export function parseText(reply: Reply): string {
  if (reply.kind === "status") return reply.text;
  if (reply.kind === "bulk" && reply.text !== null) return reply.text;
  throw unexpected(reply, "a text");
}

/** Reads a JSON object. */
export function parseObject(reply: Reply): Record<string, unknown> {
  const value = parseJson(parseText(reply));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw unexpected(reply, "a JSON object");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error for a reply that `wanted` something else: the server's refusal where it is one. */
export function unexpected(reply: Reply, wanted: string): Error {
  if (reply.kind === "error") return serverError(reply.text);
  return new ProtocolError(
    "UNEXPECTED_REPLY",
    `Cannot read the server's reply as ${wanted}: got a reply of the kind ${reply.kind}`,
  );
}
