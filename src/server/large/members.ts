import { Reader } from "../go/reader.ts";
import { textOf } from "../go/text.ts";
import { Numbers } from "../numbers.ts";
import type { Work } from "../slices.ts";
import { BACKSLASH } from "./bytes.ts";

/** Bytes compared between two yields. */
const STEPS = 1 << 17;

const CHUNK = 1 << 14;

/** A growing sequence of bytes in chunks that are never copied. */
class ChunkedBytes {
  readonly #chunks: Uint8Array[] = [];
  length = 0;

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const start = this.length & (CHUNK - 1);
      if (start === 0) this.#chunks.push(new Uint8Array(CHUNK));
      const part = bytes.subarray(at, at + CHUNK - start);
      this.#chunks.at(-1)!.set(part, start);
      this.length += part.length;
      at += part.length;
    }
  }

  get(index: number): number {
    return this.#chunks[index >>> 14]![index & (CHUNK - 1)]!;
  }
}

/** The position of a member of an object. */
export interface Member {
  /** Position of its key, with the quotes. */
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly start: number;
  readonly end: number;
}

/** Numbers per member: those of {@linkcode Member}, and the position of its sort key. */
const WIDTH = 6;

type Numbers32 = Uint32Array<ArrayBuffer>;

const encoder = new TextEncoder();

/**
 * The members of one object, possibly millions: their positions, and the order in which Go writes
 * them.
 */
export class Members {
  readonly #bytes: Uint8Array;
  readonly #numbers = new Numbers();
  /** Keys with escapes or other characters than ASCII, decoded. */
  readonly #keys = new ChunkedBytes();
  #count = 0;
  #isSorted = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get count(): number {
    return this.#count;
  }

  add({ keyStart, keyEnd, start, end }: Member): void {
    let [from, to] = [keyStart + 1, keyEnd - 1];
    if (!this.#isPlain(from, to)) {
      const text = new Reader(textOf(this.#bytes.subarray(keyStart, keyEnd)));
      text.kind();
      from = this.#bytes.length + this.#keys.length;
      this.#keys.push(encoder.encode(text.string()));
      to = this.#bytes.length + this.#keys.length;
    }
    for (const value of [keyStart, keyEnd, start, end, from, to]) this.#numbers.push(value);
    const index = this.#count++;
    if (index > 0 && this.#compare(index - 1, index) >= 0) this.#isSorted = false;
  }

  at(index: number): Member {
    const at = index * WIDTH;
    const [keyStart, keyEnd] = [this.#numbers.get(at), this.#numbers.get(at + 1)];
    return { keyStart, keyEnd, start: this.#numbers.get(at + 2), end: this.#numbers.get(at + 3) };
  }

  /**
   * Returns the members sorted by key. If a key occurs several times, only the last member counts.
   */
  *sorted(): Work<Numbers32> {
    let order = new Uint32Array(this.#count);
    for (let i = 0; i < order.length; i++) {
      order[i] = i;
      if (i % STEPS === STEPS - 1) yield;
    }
    if (this.#isSorted) return order;
    order = yield* this.#mergeSort(order);
    let [distinct, steps] = [0, 0];
    for (let i = 0; i < order.length; i++) {
      const isLast = i + 1 === order.length || this.#compare(order[i]!, order[i + 1]!) !== 0;
      if (isLast) order[distinct++] = order[i]!;
      // Each comparison counts as eight more bytes, even if the first bytes of the keys differ.
      steps += this.#compared + 8;
      if (steps < STEPS) continue;
      steps = 0;
      yield;
    }
    return order.subarray(0, distinct);
  }

  /**
   * Sorts the members. The first bytes of the keys move along with them, since most comparisons
   * need only these.
   */
  *#mergeSort(order: Numbers32): Work<Numbers32> {
    const { length } = order;
    const starts = new Float64Array(length);
    for (let i = 0; i < length; i++) {
      starts[i] = this.#startOf(i);
      if (i % CHUNK === CHUNK - 1) yield;
    }
    let [from, fromStarts] = [order, starts];
    let [to, toStarts] = [new Uint32Array(length), new Float64Array(length)];
    let steps = 0;
    for (let size = 1; size < length; size *= 2) {
      for (let start = 0; start < length; start += 2 * size) {
        const middle = Math.min(start + size, length);
        const end = Math.min(start + 2 * size, length);
        let [left, right] = [start, middle];
        for (let at = start; at < end; at++) {
          let isLeft = right >= end;
          if (!isLeft && left < middle) {
            const difference = fromStarts[left]! - fromStarts[right]!;
            isLeft = difference < 0;
            if (difference === 0) {
              isLeft = this.#compare(from[left]!, from[right]!) <= 0;
              steps += this.#compared;
            }
          }
          const next = isLeft ? left++ : right++;
          to[at] = from[next]!;
          toStarts[at] = fromStarts[next]!;
          if (++steps < STEPS) continue;
          steps = 0;
          yield;
        }
      }
      [from, to] = [to, from];
      [fromStarts, toStarts] = [toStarts, fromStarts];
    }
    return from;
  }

  /** Returns the first six bytes of a member's key, as a number with the same order. */
  #startOf(index: number): number {
    const from = this.#numbers.get(index * WIDTH + 4);
    const to = this.#numbers.get(index * WIDTH + 5);
    let start = 0;
    for (let i = from; i < from + 6; i++) start = start * 256 + (i < to ? this.#byteAt(i) : 0);
    return start;
  }

  /** Bytes that the last comparison examined. */
  #compared = 0;

  #compare(a: number, b: number): number {
    const numbers = this.#numbers;
    const [from, to] = [numbers.get(a * WIDTH + 4), numbers.get(a * WIDTH + 5)];
    const [other, end] = [numbers.get(b * WIDTH + 4), numbers.get(b * WIDTH + 5)];
    const length = Math.min(to - from, end - other);
    let i = 0;
    while (i < length && this.#byteAt(from + i) === this.#byteAt(other + i)) i++;
    this.#compared = i;
    return i < length
      ? this.#byteAt(from + i) - this.#byteAt(other + i)
      : (to - from) - (end - other);
  }

  #byteAt(at: number): number {
    const keyOffset = at - this.#bytes.length;
    return keyOffset < 0 ? this.#bytes[at]! : this.#keys.get(keyOffset);
  }

  /** Returns true if the key is plain ASCII without escapes. */
  #isPlain(from: number, to: number): boolean {
    for (let at = from; at < to; at++) {
      const byte = this.#bytes[at]!;
      if (byte === BACKSLASH || byte >= 0x80) return false;
    }
    return true;
  }
}
