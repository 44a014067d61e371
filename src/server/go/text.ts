/**
 * Texts as Go has them: bytes, which need not be UTF-8. Here a byte that is no part of UTF-8 is a
 * lone surrogate of its own, from U+DC80 to U+DCFF, so that it comes out again as it went in;
 * well-formed texts are as always.
 */

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of bytes. */
export function textOf(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return lenient(bytes);
  }
}

/** The bytes of a text, as they went in. */
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

/** Where the characters end that stand together, with no byte between them. */
function endOfWhole(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xdc80 && unit <= 0xdcff) break;
    // The second half of a pair is no byte.
    at += unit >= 0xd800 && unit <= 0xdbff ? 2 : 1;
  }
  return Math.min(at, text.length);
}

/** How many bytes a well-formed text has in UTF-8. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Each half of a pair is two of its four bytes.
    length += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return length;
}

/** The first `max` bytes of a text. */
export function cutBytes(text: string, max: number): string {
  if (text.length * 3 <= max) return text;
  const bytes = bytesOf(text);
  return bytes.length <= max ? text : textOf(bytes.subarray(0, max));
}

/** Go's order of texts, which is that of their bytes. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Puts surrogates, which stand for what is past U+FFFF, behind all else. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** As `strings.TrimSpace`. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text[start]!)) start++;
  while (start < end && SPACE.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}

const SPACE = /\p{White_Space}/u;

/** As `strings.ToUpper`, which knows no character that becomes several. */
export function toUpper(text: string): string {
  let upper = "";
  for (const character of text.toWellFormed()) {
    const other = character.toUpperCase();
    upper += other.length === character.length ? other : character;
  }
  return upper;
}

/** Decodes as Go does: each byte of what is no UTF-8 stands for itself. */
function lenient(bytes: Uint8Array): string {
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

/** As many as a function may have arguments. */
const UNITS_AT_ONCE = 4096;

/** The size of the character that begins at `at`; 0 where none does. */
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
