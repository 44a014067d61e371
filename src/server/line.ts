import type { Work } from "./slices.ts";

/**
 * A line that is too long to decode at once, without its line end, in the pieces that were
 * received.
 */
export class LargeLine {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces;
    this.length = pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** The first 16 bytes of the line. */
  get start(): Uint8Array {
    return this.pieces[0]!.subarray(0, 16);
  }

  /** The line without a carriage return at its end. */
  withoutReturn(): LargeLine {
    const last = this.pieces.at(-1)!;
    if (last.at(-1) !== 0x0d) return this;
    return new LargeLine([...this.pieces.slice(0, -1), last.subarray(0, -1)]);
  }

  /** The line as one array. */
  *join(): Work<Uint8Array> {
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

/** Stands for a line that exceeded the limit of its command. Its bytes were discarded. */
export class OversizedLine {
  readonly length = 0;
  /** The limit in bytes. */
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }
}

/** A line from a client, without its line end. */
export type Line = string | LargeLine | OversizedLine;

/** The longest line that is decoded at once, in bytes. Decoding it takes a few milliseconds. */
export const MAX_TEXT_LINE: number = 128 * 1024;

/** The longest lines of commands that bring no jobs, in bytes. */
const LIMITS: ReadonlyMap<string, number> = new Map([
  // These commands keep little of a long line, or run in slices.
  ["FAIL", 1024 * 1024],
  ["MUTATE", 1024 * 1024],
  ["BATCH", MAX_TEXT_LINE],
  ["TRACK", MAX_TEXT_LINE],
]);
const DEFAULT_LIMIT = 64 * 1024;

/**
 * Returns the longest line that a command may have, in bytes. `start` is the beginning of the line,
 * `maxLineBytes` the limit for commands that bring jobs.
 */
export function maxLine(start: Uint8Array, maxLineBytes: number): number {
  let verb = "";
  for (const byte of start.subarray(0, 8)) {
    if (byte === 0x20) break;
    verb += String.fromCharCode(byte);
  }
  if (verb === "PUSH" || verb === "PUSHB") return maxLineBytes;
  return Math.min(LIMITS.get(verb) ?? DEFAULT_LIMIT, maxLineBytes);
}
