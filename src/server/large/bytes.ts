/** Functions that walk over bytes that are known to be valid JSON. */

import { MAX_DEPTH } from "../go/syntax.ts";
import type { Work } from "../slices.ts";

/** Thresholds for splitting lines. Tests use smaller ones. */
export interface Sizes {
  /** Bytes to process in one step. Larger values are split. */
  readonly piece: number;
  /** Maximum size of a large job without its arguments, in characters of JSON. */
  readonly frame: number;
  /** Arguments that are shorter than this after compaction are stored like those of small jobs. */
  readonly raw: number;
}

export const SIZES: Sizes = { piece: 32 * 1024, frame: 256 * 1024, raw: 64 * 1024 };

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

/** Finds the ends of values. */
export class Skipper {
  readonly #bytes: Uint8Array;
  readonly #piece: number;
  /** Start positions of the open containers, the outermost first. */
  readonly open = new Uint32Array(MAX_DEPTH + 1);
  depth = 0;
  #at = 0;
  #isInText = false;

  constructor(bytes: Uint8Array, piece: number) {
    this.#bytes = bytes;
    this.#piece = piece;
  }

  /** Returns the end of the value that begins at `at`, or -1 if it is larger than a piece. */
  skip(at: number): number {
    this.#at = at;
    this.depth = 0;
    this.#isInText = false;
    return this.#run();
  }

  /** Returns the end of a value of any size. */
  *skipAny(at: number): Work<number> {
    let end = this.skip(at);
    while (end < 0) {
      yield;
      end = this.#run();
    }
    return end;
  }

  /** Continues for one piece. */
  #run(): number {
    const bytes = this.#bytes;
    const limit = Math.min(this.#at + this.#piece, bytes.length);
    let at = this.#at;
    while (at < limit) {
      const byte = bytes[at]!;
      if (this.#isInText) {
        at += byte === BACKSLASH ? 2 : 1;
        if (byte !== QUOTE) continue;
        this.#isInText = false;
        if (this.depth === 0) return at;
      } else if (byte === QUOTE) {
        this.#isInText = true;
        at++;
      } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
        this.open[this.depth++] = at++;
      } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
        // The end of a number or word in a container that the caller has opened.
        if (this.depth === 0) return at;
        at++;
        if (--this.depth === 0) return at;
      } else if (this.depth === 0 && (byte === COMMA || isSpace(byte))) {
        return at;
      } else {
        at++;
      }
    }
    this.#at = at;
    return at >= bytes.length && this.depth === 0 && !this.#isInText ? bytes.length : -1;
  }
}

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}

/** Returns the position of the first byte that is not a space. */
export function* skipSpace(bytes: Uint8Array, from: number): Work<number> {
  let at = from;
  for (;;) {
    const limit = at + SIZES.piece;
    while (at < limit && isSpace(bytes[at]!)) at++;
    if (at < limit) return at;
    yield;
  }
}
