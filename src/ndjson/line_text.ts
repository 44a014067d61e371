/**
 * What stands for bytes that are no UTF-8: half of a surrogate pair, to which nothing in UTF-8
 * decodes.
 */
const NOT_UTF8 = "\ud800";

/** Characters (UTF-16 units) of the longest line, where nothing else is said: 4 Mi. */
export const DEFAULT_MAX_LINE_LENGTH = 4_194_304;

const LINE_FEED = 0x0a;

// A U+FEFF is kept: at the beginning of a stream it is no part of it, and only whoever counts lines
// knows where that is.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Bytes to text that can be split into lines: a line that is too long is cut to one character more
 * than the limit, so that it takes no more memory and shows what it is, and one that is no UTF-8 is
 * ill-formed (`isWellFormed`).
 */
export class LineText {
  readonly #maxLength: number;
  /** The beginning of a character whose end is still to come. */
  #held = new Uint8Array(0);
  /** Of the line that is not complete. */
  #length = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** The text of the next bytes, which may be changed thereafter. */
  add(bytes: Uint8Array): string {
    const all = this.#held.length === 0 ? bytes : concat(this.#held, bytes);
    const end = endOfWhole(all);
    this.#held = all.slice(end);
    return this.#cut(decode(all.subarray(0, end)));
  }

  /** What is to be added at the end. */
  end(): string {
    return this.#held.length === 0 ? "" : NOT_UTF8;
  }

  #cut(text: string): string {
    let cut = "";
    let kept = 0;
    for (let start = 0;;) {
      const found = text.indexOf("\n", start);
      const end = found < 0 ? text.length : found;
      const room = Math.max(0, this.#maxLength + 1 - this.#length);
      if (end - start > room) {
        cut += text.slice(kept, start + room);
        kept = end;
      }
      this.#length = found < 0 ? this.#length + end - start : 0;
      if (found < 0) break;
      start = found + 1;
    }
    return kept === 0 ? text : cut + text.slice(kept);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeLines(bytes);
  }
}

/** Line by line, so that only those that are no UTF-8 are marked. */
function decodeLines(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found + 1;
    text += decodeLine(bytes.subarray(start, end));
    start = end;
  }
  return text;
}

function decodeLine(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return NOT_UTF8 + lenient.decode(bytes);
  }
}

/** Where a character begins at the end that is not complete; else the end. */
function endOfWhole(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0x80 && byte < 0xc0) continue;
    const size = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return size > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
