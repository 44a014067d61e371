import { utf8Length } from "./go/text.ts";

/** A reply as protocol bytes, in parts if it is large. `undefined` closes the connection. */
export type Reply = string | readonly (string | Uint8Array)[] | undefined;

export const OK = "+OK\r\n";
export const NIL = "$-1\r\n";

/** A bulk string: the length in bytes, then the text. */
export function bulk(text: string): string {
  return `$${utf8Length(text)}\r\n${text}\r\n`;
}

/** An error reply. */
export function errorReply(text: string): string {
  return `-ERR ${text}\r\n`;
}
