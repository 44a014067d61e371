import type { Work } from "./slices.ts";

/** How many elementary steps are done between two yields. */
const STEPS = 1 << 17;

/** What stands between two stars of a glob: for each byte, which ones may be there. */
export class Segment {
  readonly length: number;
  readonly #elements: readonly Uint8Array[];
  #masks: Masks | undefined;

  /** What is there as it stands. */
  static of(bytes: Uint8Array): Segment {
    return new Segment(Array.from(bytes, literal));
  }

  constructor(elements: readonly Uint8Array[]) {
    this.#elements = elements;
    this.length = elements.length;
  }

  /** Whether it is in the text at this place. */
  *isAt(text: Uint8Array, at: number): Work<boolean> {
    for (let i = 0; i < this.length; i++) {
      if (this.#elements[i]![text[at + i]!] === 0) return false;
      if (i % STEPS === STEPS - 1) yield;
    }
    return true;
  }

  /**
   * The first place from `from` on where it is in the text and ends by `end`, or -1. For each byte
   * of the text, 32 elements are compared at a time (the algorithm is called Shift-And), so that no
   * text and no glob make it slow.
   */
  *find(text: Uint8Array, from: number, end: number): Work<number> {
    if (end - from < this.length) return -1;
    const masks = this.#masks ??= yield* masksOf(this.#elements);
    const { words, ofByte } = masks;
    const last = 1 << ((this.length - 1) & 31);
    /** Bit i: the i + 1 bytes up to here are the first i + 1 elements. */
    const state = new Uint32Array(words);
    /** Words at whose end nothing is set need no look. */
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
      // The highest bit of the last used word goes on to the next word.
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
  /** For each byte: bit i is set where element i may be it. */
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

/** What may be one byte alone. */
export function literal(byte: number): Uint8Array {
  let element = literals[byte];
  if (element === undefined) {
    element = literals[byte] = new Uint8Array(256);
    element[byte] = 1;
  }
  return element;
}
