import { Fifo } from "../internal/fifo.ts";

/**
 * The first part of a queue and the largest one, in rows: a queue of one job takes little memory.
 */
const FIRST_PART = 8;
const MAX_PART = 16_384;

interface Part {
  readonly rows: Uint32Array;
  /** Where the oldest job is, and where the next one goes. */
  start: number;
  end: number;
}

/** The rows of jobs, in the order in which the jobs came. */
export class JobQueue {
  /** Parts that are full, in their order. */
  readonly #full = new Fifo<Part>();
  /** The part that takes the next job. */
  #tail: Part | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(row: number): void {
    let tail = this.#tail;
    if (tail === undefined || tail.end === tail.rows.length) {
      const size = tail === undefined ? FIRST_PART : Math.min(tail.rows.length * 4, MAX_PART);
      if (tail !== undefined) this.#full.push(tail);
      tail = this.#tail = { rows: new Uint32Array(size), start: 0, end: 0 };
    }
    tail.rows[tail.end++] = row;
    this.#length++;
  }

  /** The oldest job. */
  peek(): number | undefined {
    if (this.#length === 0) return undefined;
    const { rows, start } = this.#full.peek() ?? this.#tail!;
    return rows[start];
  }

  /** Takes the oldest job out. */
  shift(): number | undefined {
    if (this.#length === 0) return undefined;
    const part = this.#full.peek() ?? this.#tail!;
    const row = part.rows[part.start++];
    this.#length--;
    if (part.start < part.end) return row;
    if (part !== this.#tail) this.#full.shift();
    // Most queues are empty most of the time, and get their next job soon.
    else if (part.rows.length < MAX_PART) part.start = part.end = 0;
    else this.#tail = undefined;
    return row;
  }

  /** Takes the first job that matches out, wherever it is. */
  take(matches: (row: number) => boolean): number | undefined {
    let found: number | undefined;
    const others = new JobQueue();
    for (const row of this.drain()) {
      if (found === undefined && matches(row)) found = row;
      else others.push(row);
    }
    for (const row of others.drain()) this.push(row);
    return found;
  }

  /** At most `limit` jobs, from the one at this position on; the oldest has position 0. */
  page(offset: number, limit: number): number[] {
    const found: number[] = [];
    let skip = offset;
    for (const { rows, start, end } of this.#parts()) {
      if (found.length >= limit) break;
      for (let at = start + skip; at < end && found.length < limit; at++) found.push(rows[at]!);
      skip = Math.max(0, skip - (end - start));
    }
    return found;
  }

  /** Takes everything out at once; what is returned goes through it. */
  drain(): Iterable<number> {
    const parts = this.#parts();
    this.clear();
    return rowsOf(parts);
  }

  /** Forgets everything. */
  clear(): void {
    if (this.#full.length > 0) this.#full.drain();
    this.#tail = undefined;
    this.#length = 0;
  }

  #parts(): Part[] {
    return [...this.#full.items(), ...this.#tail === undefined ? [] : [this.#tail]];
  }
}

function* rowsOf(parts: readonly Part[]): IterableIterator<number> {
  for (const { rows, start, end } of parts) {
    for (let at = start; at < end; at++) yield rows[at]!;
  }
}
