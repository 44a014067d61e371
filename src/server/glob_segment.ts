import type { Work } from "./slices.ts";

/** Elementary steps between two yields. */
const STEPS = 1 << 17;

/**
 * The part of a glob between two stars. For each position, a table tells which bytes may stand
 * there.
 */
export class Segment {
  readonly length: number;
  readonly #elements: readonly Uint8Array[];
  #masks: Masks | undefined;

  /** Makes a segment that matches these bytes exactly. */
  static of(bytes: Uint8Array): Segment {
    return new Segment(Array.from(bytes, literal));
  }

  constructor(elements: readonly Uint8Array[]) {
    this.#elements = elements;
    this.length = elements.length;
  }

  /** Returns true if the segment matches the text at this position. */
  *isAt(text: Uint8Array, at: number): Work<boolean> {
    for (let i = 0; i < this.length; i++) {
      if (this.#elements[i]![text[at + i]!] === 0) return false;
      if (i % STEPS === STEPS - 1) yield;
    }
    return true;
  }

  /**
   * Returns the first position at or after `from` where the segment matches and ends by `end`, or
   * -1. Compares 32 elements at a time with each byte of the text (the Shift-And algorithm), so no
   * combination of text and glob is slow.
   */
  *find(text: Uint8Array, from: number, end: number): Work<number> {
    if (end - from < this.length) return -1;
    const masks = this.#masks ??= yield* masksOf(this.#elements);
    const { words, ofByte } = masks;
    const last = 1 << ((this.length - 1) & 31);
    /** Bit i is set if the last i + 1 bytes match the first i + 1 elements. */
    const state = new Uint32Array(words);
    /** The number of words that can have set bits. */
    let used = 1;
    let steps = 0;
    for (let at = from; at < end; at++) {
      const mask = ofByte[text[at]!]!;
      let carry = 1;
      let top = 0;
      for (let word = 0; word < used; word++) {
        const bits = state[word]!;
        const next = ((bits << 1) | carry) & mask[word]!;
        carry = bits >>> 31;
        state[word] = next;
        if (next !== 0) top = word;
      }
      steps += used;
      if (used === words && (state[words - 1]! & last) !== 0) return at - this.length + 1;
      // The highest bit of the last used word can move to the next word.
      used = Math.min(top + 2, words);
      if (steps >= STEPS) {
        steps = 0;
        yield;
      }
    }
    return -1;
  }
}

interface Masks {
  readonly words: number;
  /** For each byte, bit i is set if element i accepts it. */
  readonly ofByte: readonly Uint32Array[];
}

function* masksOf(elements: readonly Uint8Array[]): Work<Masks> {
  const words = Math.max(1, Math.ceil(elements.length / 32));
  const ofByte = Array.from({ length: 256 }, () => new Uint32Array(words));
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]!;
    for (let byte = 0; byte < 256; byte++) {
      if (element[byte] === 1) ofByte[byte]![i >>> 5]! |= 1 << (i & 31);
    }
    if (i % 512 === 511) yield;
  }
  return { words, ofByte };
}

const literals: Uint8Array[] = [];

/** Returns an element that matches only this byte. */
export function literal(byte: number): Uint8Array {
  let element = literals[byte];
  if (element === undefined) {
    element = literals[byte] = new Uint8Array(256);
    element[byte] = 1;
  }
  return element;
}
