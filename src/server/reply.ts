import { utf8Length } from "./go/text.ts";

/** A reply in the protocol's bytes, in parts where it is large; `undefined`: hang up. */
export type Reply = string | readonly (string | Uint8Array)[] | undefined;

export const OK = "+OK\r\n";
export const NIL = "$-1\r\n";

/** A text with its length in bytes before it. */
export function bulk(text: string): string {
  return `$${utf8Length(text)}\r\n${text}\r\n`;
}

/** An error in the protocol's bytes. */
export function refusal(text: string): string {
  return `-ERR ${text}\r\n`;
}
