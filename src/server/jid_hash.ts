import { marshalText } from "./go/encode.ts";
import { bytesOf } from "./go/text.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const JID = bytesOf('"jid":');

/** Hashes the jid of a stored job. `bytes` are the job's bytes, at least up to its jid. */
export function jidHash(bytes: Uint8Array): number {
  for (let at = 1;;) {
    if (isAt(bytes, at, JID)) return hashString(bytes, at + JID.length);
    at = endOfValue(bytes, endOfValue(bytes, at) + 1) + 1;
  }
}

/**
 * Returns the end of the JSON value that starts here: the first comma, colon or closing bracket
 * outside the value.
 */
function endOfValue(bytes: Uint8Array, start: number): number {
  let [depth, isText] = [0, false];
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (isText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    // Brackets and braces differ from each other in one bit.
    else if ((byte | 0x20) === OPEN) depth++;
    else if ((byte | 0x20) === CLOSE) {
      if (depth-- === 0) return at;
    } else if (depth === 0 && (byte === COMMA || byte === COLON)) return at;
  }
  throw new TypeError("the job has no jid");
}

/** Hashes a jid to the same value as {@linkcode jidHash}. */
export function hashOf(jid: string): number {
  return hashString(bytesOf(marshalText(jid)), 0);
}

/** Hashes a string of JSON, from its first quote to its last (FNV-1a). */
function hashString(bytes: Uint8Array, start: number): number {
  let hash = 0x811c9dc5;
  for (let at = start + 1; bytes[at] !== QUOTE; at++) {
    hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    if (bytes[at] === BACKSLASH) hash = Math.imul(hash ^ bytes[++at]!, 0x01000193);
  }
  // The lower bits alone differ little between jids that are numbered.
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  return (hash ^ hash >>> 13) >>> 0;
}

function isAt(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  return part.every((byte, i) => bytes[at + i] === byte);
}
