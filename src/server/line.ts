import type { Work } from "./slices.ts";

/**
 * A line that is too long to be read as text in one go, without its end: in the pieces in which it
 * was kept.
 */
export class LargeLine {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces;
    this.length = pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** The line's first bytes. */
  get start(): Uint8Array {
    return this.pieces[0]!.subarray(0, 16);
  }

  /** The line without the carriage return at its end, if it has one. */
  withoutReturn(): LargeLine {
    const last = this.pieces.at(-1)!;
    if (last.at(-1) !== 0x0d) return this;
    return new LargeLine([...this.pieces.slice(0, -1), last.subarray(0, -1)]);
  }

  /** The line in one piece. */
  *joined(): Work<Uint8Array> {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.pieces) {
      bytes.set(piece, at);
      at += piece.length;
      yield;
    }
    return bytes;
  }
}

/** Stands for a line that was longer than its command may be, and was not kept. */
export class RefusedLine {
  readonly length = 0;
  /** Bytes that it might have had. */
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }
}

/** A line of a client, without its end. */
export type Line = string | LargeLine | RefusedLine;

/** The longest line that is read as text, in bytes: that takes a few milliseconds. */
export const MAX_TEXT_LINE: number = 128 * 1024;

/** The longest lines, in bytes, of commands other than those that bring jobs. */
const LIMITS: ReadonlyMap<string, number> = new Map([
  // Each of these keeps little of a long line, or is carried out in slices.
  ["FAIL", 1024 * 1024],
  ["MUTATE", 1024 * 1024],
  ["BATCH", MAX_TEXT_LINE],
  ["TRACK", MAX_TEXT_LINE],
]);
const OTHERS = 64 * 1024;

/**
 * The longest line that a command may have, in bytes, given the line's first bytes and the limit
 * for jobs.
 */
export function maxLine(start: Uint8Array, maxLineBytes: number): number {
  let verb = "";
  for (const byte of start.subarray(0, 8)) {
    if (byte === 0x20) break;
    verb += String.fromCharCode(byte);
  }
  if (verb === "PUSH" || verb === "PUSHB") return maxLineBytes;
  return Math.min(LIMITS.get(verb) ?? OTHERS, maxLineBytes);
}
