/**
 * Strings like Go's: sequences of bytes that need not be UTF-8. A byte that is not part of valid
 * UTF-8 is stored as a lone surrogate from U+DC80 to U+DCFF, so it survives a round trip.
 * Well-formed strings are unchanged.
 */

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes bytes to a string. */
export function textOf(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeLeniently(bytes);
  }
}

/** Encodes a string to its original bytes. */
export function bytesOf(text: string): Uint8Array {
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes = new Uint8Array(text.length * 3);
  let count = 0;
  for (let at = 0; at < text.length;) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xdc80 && unit <= 0xdcff) {
      bytes[count++] = unit & 0xff;
      at++;
      continue;
    }
    const end = endOfWhole(text, at);
    count += encoder.encodeInto(text.slice(at, end), bytes.subarray(count)).written;
    at = end;
  }
  return bytes.slice(0, count);
}

/** Returns the end of the well-formed part that begins at `start`. */
function endOfWhole(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xdc80 && unit <= 0xdcff) break;
    // The second half of a surrogate pair is not a stored byte.
    at += unit >= 0xd800 && unit <= 0xdbff ? 2 : 1;
  }
  return Math.min(at, text.length);
}

/** Returns the length of a well-formed string in UTF-8 bytes. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Each half of a pair accounts for two of the four bytes.
    length += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return length;
}

/** Returns the first `max` bytes of a string. */
export function cutBytes(text: string, max: number): string {
  if (text.length * 3 <= max) return text;
  const bytes = bytesOf(text);
  return bytes.length <= max ? text : textOf(bytes.subarray(0, max));
}

/** Compares strings in Go's order, which is the order of their bytes. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for characters above U+FFFF, so they sort last. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Like Go's `strings.TrimSpace`. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text[start]!)) start++;
  while (start < end && SPACE.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}

const SPACE = /\p{White_Space}/u;

/** Like Go's `strings.ToUpper`, which never maps one character to several. */
export function toUpper(text: string): string {
  let upper = "";
  for (const character of text.toWellFormed()) {
    const other = character.toUpperCase();
    upper += other.length === character.length ? other : character;
  }
  return upper;
}

/** Decodes like Go: each byte that is not valid UTF-8 stands for itself. */
function decodeLeniently(bytes: Uint8Array): string {
  const units = new Uint16Array(bytes.length);
  let count = 0;
  for (let i = 0; i < bytes.length;) {
    const size = sizeAt(bytes, i);
    const first = bytes[i]!;
    if (size === 0) {
      units[count++] = 0xdc00 + first;
      i++;
      continue;
    }
    let code = size === 1 ? first : first & (0x7f >> size);
    for (let k = 1; k < size; k++) code = code << 6 | bytes[i + k]! & 0x3f;
    i += size;
    if (code < 0x10000) {
      units[count++] = code;
    } else {
      units[count++] = 0xd800 + ((code - 0x10000) >> 10);
      units[count++] = 0xdc00 + (code & 0x3ff);
    }
  }
  let text = "";
  for (let at = 0; at < count; at += UNITS_AT_ONCE) {
    text += String.fromCharCode(...units.subarray(at, Math.min(at + UNITS_AT_ONCE, count)));
  }
  return text;
}

/** Within the maximum number of arguments of a call. */
const UNITS_AT_ONCE = 4096;

/** Returns the size of the UTF-8 character at this position, or 0 if there is none. */
function sizeAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const size = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : 4;
  if (first < 0xc2 || first > 0xf4 || at + size > bytes.length) return 0;
  const second = bytes[at + 1]!;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < size; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return size;
}
