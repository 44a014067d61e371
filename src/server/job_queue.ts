import { Fifo } from "../internal/fifo.ts";

/**
 * Sizes of the first and the largest part of a queue, in rows. The first is small, so that a queue
 * of one job uses little memory.
 */
const FIRST_PART = 8;
const MAX_PART = 16_384;

interface Part {
  readonly rows: Uint32Array;
  /** Positions of the oldest job and of the next free slot. */
  start: number;
  end: number;
}

/** A queue of rows, in the order in which the jobs were pushed. */
export class JobQueue {
  /** Full parts, the oldest first. */
  readonly #full = new Fifo<Part>();
  /** The part for the next job. */
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

  /** Returns the oldest job. */
  peek(): number | undefined {
    if (this.#length === 0) return undefined;
    const { rows, start } = this.#full.peek() ?? this.#tail!;
    return rows[start];
  }

  /** Removes and returns the oldest job. */
  shift(): number | undefined {
    if (this.#length === 0) return undefined;
    const part = this.#full.peek() ?? this.#tail!;
    const row = part.rows[part.start++];
    this.#length--;
    if (part.start < part.end) return row;
    if (part !== this.#tail) this.#full.shift();
    // Most queues are empty most of the time, and soon get their next job.
    else if (part.rows.length < MAX_PART) part.start = part.end = 0;
    else this.#tail = undefined;
    return row;
  }

  /** Removes and returns the first job that matches, at any position. */
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

  /** Removes a job at any position. Returns true if it was in the queue. */
  remove(row: number): boolean {
    for (const part of this.#parts()) {
      const at = part.rows.subarray(0, part.end).indexOf(row, part.start);
      if (at < 0) continue;
      part.rows.copyWithin(part.start + 1, part.start, at);
      part.start++;
      this.#length--;
      if (part.start < part.end) return true;
      if (part === this.#tail) this.#tail = undefined;
      else this.#full.removeWhere((full) => full === part);
      return true;
    }
    return false;
  }

  /** Returns a copy of the rows of all jobs, in order. */
  rows(): Uint32Array {
    const rows = new Uint32Array(this.#length);
    let length = 0;
    for (const { rows: part, start, end } of this.#parts()) {
      rows.set(part.subarray(start, end), length);
      length += end - start;
    }
    return rows;
  }

  /** Returns up to `limit` jobs, from this position on. The oldest job has position 0. */
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

  /** Empties the queue at once. Returns an iterator over its rows. */
  drain(): Iterable<number> {
    const parts = this.#parts();
    this.clear();
    return rowsOf(parts);
  }

  /** Empties the queue. */
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
