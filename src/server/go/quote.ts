/** The three ways in which Go quotes text in errors. */

import { bytesOf } from "./text.ts";

/** Characters that Go considers printable. The only space is the ASCII one. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** Text that needs no escapes. */
const PLAIN = /^[ !#-[\]-~]*$/;

const NAMED: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** Quotes text like `%q`. */
export function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  let out = '"';
  for (const character of text) out += character === '"' ? '\\"' : escapeCharacter(character);
  return `${out}"`;
}

/** Quotes a byte like `encoding/json`. */
export function quoteByte(byte: number): string {
  if (byte === 0x27) return `'\\''`;
  return `'${byte === 0x22 ? '"' : escapeCharacter(String.fromCharCode(byte))}'`;
}

/** Quotes text like the package `time`. */
export function quoteTime(text: string): string {
  let out = '"';
  for (const byte of bytesOf(text)) {
    if (byte >= 0x80 || byte < 0x20) out += `\\x${hex(byte, 2)}`;
    else {out += byte === 0x22 || byte === 0x5c
        ? `\\${String.fromCharCode(byte)}`
        : String.fromCharCode(byte);}
  }
  return `${out}"`;
}

function escapeCharacter(character: string): string {
  if (character === "\\") return "\\\\";
  if (PRINTABLE.test(character)) return character;
  const named = NAMED[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0)!;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  // A byte that is not UTF-8.
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(code & 0xff, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
