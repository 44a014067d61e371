/** Marks bytes that are not UTF-8: half of a surrogate pair, which never results from decoding. */
const NOT_UTF8 = "\ud800";

/** Default limit of a line's length, in UTF-16 units: 4 Mi. */
export const DEFAULT_MAX_LINE_LENGTH = 4_194_304;

const LINE_FEED = 0x0a;

// A byte order mark is kept here. Only the code that counts lines knows whether it is at the start.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Decodes bytes to text for splitting into lines. A line that is too long is cut to one character
 * more than the limit: this bounds the memory and still shows that it is too long. A line that is
 * not UTF-8 becomes ill-formed (`isWellFormed`).
 */
export class LineText {
  readonly #maxLength: number;
  /** The first bytes of an incomplete character. */
  #partialCharacter = new Uint8Array(0);
  /** Length of the incomplete line. */
  #length = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Decodes the next bytes. The caller may reuse them afterwards. */
  add(bytes: Uint8Array): string {
    const all = this.#partialCharacter.length === 0 ? bytes : concat(this.#partialCharacter, bytes);
    const end = endOfWhole(all);
    this.#partialCharacter = all.slice(end);
    return this.#cut(decode(all.subarray(0, end)));
  }

  /** Returns the text to add at the end. */
  end(): string {
    return this.#partialCharacter.length === 0 ? "" : NOT_UTF8;
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

/** Decodes line by line, so that only invalid lines are marked. */
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

/** Returns the start of an incomplete character at the end, otherwise the end. */
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
