import { ProtocolError } from "../../errors.ts";
import { serverError } from "../server_errors.ts";
import type { Reply } from "../reply.ts";

/**
 * Treatment of a command whose reply was lost: `safe` may be sent again; `once` may have been
 * executed, and would be executed twice; `never` must not be sent again.
 */
export type Resend = "safe" | "once" | "never";

/** A command for the server, with the function that parses its reply. */
export interface Command<T> {
  readonly verb: string;
  /** The text after the verb, on one line. */
  readonly payload: string;
  readonly resend: Resend;
  /**
   * Parses the reply. Throws the error for an error reply, or a `ProtocolError` for a reply that
   * does not fit. `resent` is true if the command was sent before and may have been executed.
   */
  parse(reply: Reply, resent?: boolean): T;
}

/** Parses `+OK`. */
export function parseOk(reply: Reply): void {
  if (reply.kind === "status") return;
  throw unexpected(reply, "OK");
}

/** Parses a text, sent as a status or as a bulk, as servers differ. */
export function parseText(reply: Reply): string {
  if (reply.kind === "status") return reply.text;
  if (reply.kind === "bulk" && reply.text !== null) return reply.text;
  throw unexpected(reply, "a text");
}

/** Parses a JSON object. */
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

/** Returns the error for a reply that is not `wanted`, or that of an error reply. */
export function unexpected(reply: Reply, wanted: string): Error {
  if (reply.kind === "error") return serverError(reply.text);
  return new ProtocolError(
    "UNEXPECTED_REPLY",
    `Cannot read the server's reply as ${wanted}: got a reply (${reply.kind})`,
  );
}
