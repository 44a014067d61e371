import { textOf } from "./go/text.ts";
import { Pieces } from "./pieces.ts";
import { runToEnd } from "./slices.ts";
import { LargeLine, type Line, MAX_TEXT_LINE, maxLine, OversizedLine } from "./line.ts";

const LF = 10;

/** Lines up to this length are within the limit of every command. */
const MIN_LIMIT = 1024;

/**
 * Splits a client's bytes into lines. It keeps the beginning of a line until its end arrives, but
 * discards a line that is too long.
 */
export class LineReader {
  readonly #maxLineBytes: number;
  #unfinished = new Pieces();
  /** True while the rest of a line that was too long is skipped. */
  #isSkipping = false;

  /** `maxLineBytes` is the limit for lines that bring jobs. */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Bytes kept of the unfinished line. */
  get pending(): number {
    return this.#unfinished.length;
  }

  /** True if the unfinished line is large, or is being skipped. */
  get isLarge(): boolean {
    return this.#isSkipping || this.#unfinished.length > MAX_TEXT_LINE;
  }

  /** Returns the lines that end within `bytes`, and those that have become too long. */
  read(bytes: Uint8Array): Line[] {
    const lines: Line[] = [];
    const last = bytes.lastIndexOf(LF);
    let at = 0;
    if (this.#isSkipping || this.#unfinished.length > 0) {
      const end = bytes.indexOf(LF);
      this.#keep(end < 0 ? bytes : bytes.subarray(0, end), lines);
      if (end < 0) return lines;
      if (!this.#isSkipping) this.#addLines(this.#unfinished.take(), lines);
      this.#isSkipping = false;
      at = end + 1;
    }
    while (at <= last) {
      // Decoding many lines together costs a tenth of decoding each. This is safe, as no UTF-8
      // character contains the byte of a line end.
      let end = last;
      if (end - at > MAX_TEXT_LINE) {
        end = bytes.subarray(0, at + MAX_TEXT_LINE).lastIndexOf(LF);
        if (end < at) end = bytes.indexOf(LF, at);
      }
      this.#addLines([bytes.subarray(at, end)], lines);
      at = end + 1;
    }
    if (at < bytes.length) this.#keep(bytes.subarray(at), lines);
    return lines;
  }

  /** Adds complete lines. Only a single line may be large. */
  #addLines(pieces: readonly Uint8Array[], lines: Line[]): void {
    const line = new LargeLine(pieces);
    if (line.length > MAX_TEXT_LINE) {
      const max = maxLine(line.start, this.#maxLineBytes);
      lines.push(line.length > max ? new OversizedLine(max) : line.withoutReturn());
      return;
    }
    const whole = pieces.length === 1 ? pieces[0]! : runToEnd(line.join());
    for (const text of textOf(whole).split("\n")) {
      const line = text.endsWith("\r") ? text.slice(0, -1) : text;
      lines.push(line.length < MIN_LIMIT ? line : this.#limited(line));
    }
  }

  #limited(line: string): Line {
    const max = maxLine(startOf(line), this.#maxLineBytes);
    return line.length * 3 > max && byteLength(line) > max ? new OversizedLine(max) : line;
  }

  /** Keeps the beginning of a line. */
  #keep(bytes: Uint8Array, lines: Line[]): void {
    if (this.#isSkipping) return;
    const size = this.#unfinished.length + bytes.length;
    if (size > MIN_LIMIT) {
      const max = maxLine(this.#unfinished.startWith(bytes), this.#maxLineBytes);
      if (size > max) {
        lines.push(new OversizedLine(max));
        this.#isSkipping = true;
        this.#unfinished.take();
        return;
      }
    }
    this.#unfinished.add(bytes);
  }
}

const encoder = new TextEncoder();

function startOf(line: string): Uint8Array {
  return encoder.encode(line.slice(0, 8));
}

/**
 * Counts the bytes of a line as it was sent. A byte that is not UTF-8 is stored as one surrogate.
 */
function byteLength(line: string): number {
  let length = 0;
  for (const character of line) {
    const code = character.codePointAt(0)!;
    const isByte = code >= 0xdc80 && code <= 0xdcff;
    length += isByte || code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}
