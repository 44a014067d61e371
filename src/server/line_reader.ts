import { textOf } from "./go/text.ts";
import { Pieces } from "./pieces.ts";
import { finish } from "./slices.ts";
import { LargeLine, type Line, MAX_TEXT_LINE, maxLine, RefusedLine } from "./line.ts";

const LF = 10;

/** A line shorter than this is as long as any may be. */
const MIN_LIMIT = 1024;

/**
 * Cuts what a client sends into lines. The beginning of a line whose end has not come is kept; of
 * one that is too long nothing is.
 */
export class LineReader {
  readonly #maxLineBytes: number;
  #kept = new Pieces();
  /** The line that is read is left out up to its end. */
  #isRefused = false;

  /** `maxLineBytes` is the longest line that brings jobs. */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** How much of a line whose end has not come is kept, in bytes. */
  get pending(): number {
    return this.#kept.length;
  }

  /** The line whose end has not come is large, or is left out. */
  get isLarge(): boolean {
    return this.#isRefused || this.#kept.length > MAX_TEXT_LINE;
  }

  /** The lines that `bytes` end, without their ends, and those that have become too long. */
  read(bytes: Uint8Array): Line[] {
    const lines: Line[] = [];
    const last = bytes.lastIndexOf(LF);
    let at = 0;
    if (this.#isRefused || this.#kept.length > 0) {
      const end = bytes.indexOf(LF);
      this.#keep(end < 0 ? bytes : bytes.subarray(0, end), lines);
      if (end < 0) return lines;
      if (!this.#isRefused) this.#cut(this.#kept.take(), lines);
      this.#isRefused = false;
      at = end + 1;
    }
    while (at <= last) {
      // Lines are decoded together, which costs a tenth of one by one. No character of UTF-8 has a
      // line's end in it.
      let end = last;
      if (end - at > MAX_TEXT_LINE) {
        end = bytes.subarray(0, at + MAX_TEXT_LINE).lastIndexOf(LF);
        if (end < at) end = bytes.indexOf(LF, at);
      }
      this.#cut([bytes.subarray(at, end)], lines);
      at = end + 1;
    }
    if (at < bytes.length) this.#keep(bytes.subarray(at), lines);
    return lines;
  }

  /** Adds whole lines, of which one alone may be large. */
  #cut(pieces: readonly Uint8Array[], lines: Line[]): void {
    const line = new LargeLine(pieces);
    if (line.length > MAX_TEXT_LINE) {
      const max = maxLine(line.start, this.#maxLineBytes);
      lines.push(line.length > max ? new RefusedLine(max) : line.withoutReturn());
      return;
    }
    const whole = pieces.length === 1 ? pieces[0]! : finish(line.joined());
    for (const text of textOf(whole).split("\n")) {
      const line = text.endsWith("\r") ? text.slice(0, -1) : text;
      lines.push(line.length < MIN_LIMIT ? line : this.#checked(line));
    }
  }

  #checked(line: string): Line {
    const max = maxLine(startOf(line), this.#maxLineBytes);
    return line.length * 3 > max && byteLength(line) > max ? new RefusedLine(max) : line;
  }

  /** Keeps the beginning of a line. */
  #keep(bytes: Uint8Array, lines: Line[]): void {
    if (this.#isRefused) return;
    const size = this.#kept.length + bytes.length;
    if (size > MIN_LIMIT) {
      const max = maxLine(this.#kept.startWith(bytes), this.#maxLineBytes);
      if (size > max) {
        lines.push(new RefusedLine(max));
        this.#isRefused = true;
        this.#kept.take();
        return;
      }
    }
    this.#kept.add(bytes);
  }
}

const encoder = new TextEncoder();

function startOf(line: string): Uint8Array {
  return encoder.encode(line.slice(0, 8));
}

/** Bytes of a line as it was sent; a byte that is no UTF-8 is a surrogate of its own. */
function byteLength(line: string): number {
  let length = 0;
  for (const character of line) {
    const code = character.codePointAt(0)!;
    const isByte = code >= 0xdc80 && code <= 0xdcff;
    length += isByte || code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}
