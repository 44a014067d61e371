/**
 * JSON as Go's `encoding/json` reads and writes it, since the reference server takes every job apart and puts it together
 * again.
 */

import { decode, type Fields } from "./go/decode.ts";

export { GoError } from "./go/error.ts";
export { decode, type Fields, type GoType, type Integer, type StructType } from "./go/decode.ts";
export { marshal, marshalText } from "./go/encode.ts";
export { quoted } from "./go/quote.ts";

/**
 * Reads JSON into a struct of this name and these fields: keys that are not its own are left out.
 *
 * @throws {GoError} in Go's words on what is no JSON, and on a value of another type.
 */
export function unmarshal(text: string, name: string, fields: Fields): Record<string, unknown> {
  return (decode(text, { name, fields }) ?? {}) as Record<string, unknown>;
}

/**
 * Reads JSON of any kind.
 *
 * @throws {GoError} as {@linkcode unmarshal}.
 */
export function parse(text: string): unknown {
  return decode(text, "interface {}");
}
