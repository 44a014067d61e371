/** Walks over bytes that are known to be JSON. */

import { MAX_DEPTH } from "../go/syntax.ts";
import type { Work } from "../slices.ts";

/** Where lines are taken apart; tests have smaller ones. */
export interface Sizes {
  /** What is looked at in one go, in bytes: larger values are taken apart. */
  readonly piece: number;
  /** What a large job may have besides its arguments, in characters of JSON. */
  readonly frame: number;
  /**
   * Arguments that are shorter than this once they are written anew are kept as those of other jobs
   * are.
   */
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

/** Finds the end of a value. */
export class Skipper {
  readonly #bytes: Uint8Array;
  readonly #piece: number;
  /** Where the containers begin that are open, the outermost first. */
  readonly open = new Uint32Array(MAX_DEPTH + 1);
  depth = 0;
  #at = 0;
  #isInText = false;

  constructor(bytes: Uint8Array, piece: number) {
    this.#bytes = bytes;
    this.#piece = piece;
  }

  /** The end of the value that begins at `at`, or -1 where it is larger than a piece. */
  skip(at: number): number {
    this.#at = at;
    this.depth = 0;
    this.#isInText = false;
    return this.#run();
  }

  /** The end of a value of any size. */
  *skipAny(at: number): Work<number> {
    let end = this.skip(at);
    while (end < 0) {
      yield;
      end = this.#run();
    }
    return end;
  }

  /** Goes on for a piece. */
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
        // Behind a number or a word that stands in a container of the caller's.
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

/** Where the first byte is that is no space. */
export function* skipSpace(bytes: Uint8Array, from: number): Work<number> {
  let at = from;
  for (;;) {
    const limit = at + SIZES.piece;
    while (at < limit && isSpace(bytes[at]!)) at++;
    if (at < limit) return at;
    yield;
  }
}
