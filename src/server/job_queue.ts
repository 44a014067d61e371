import { Fifo } from "../internal/fifo.ts";
import type { LargeJob, Payload } from "./payload.ts";

/** The first segment of a queue, and the largest one, in bytes: a queue of one job takes little, and a long one few segments. */
const FIRST_SEGMENT = 256;
const MAX_SEGMENT = 1024 * 1024;

/** The largest segment that an empty queue keeps. */
const KEPT_SEGMENT = 4096;

/** What stands before each job: its length in bytes, and the row in the store. */
const LENGTH_BYTES = 4;
const ROW_BYTES = 8;

/** Stands for the length of a job that is kept beside the segments. */
const LARGE = 0xffff_ffff;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

interface Segment {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the first job starts, and where the last one ends. */
  start: number;
  end: number;
  /** Jobs from start to end, and how many of them are kept beside the segments. */
  count: number;
  larges: number;
}

/** A job with its row in the store. */
export interface QueuedJob {
  readonly payload: Payload;
  readonly row: number;
}

/**
 * Jobs in the order in which they came, as bytes in a few large buffers. The garbage collector sees the buffers and not the
 * jobs, so that a million jobs cost no more of its time than one, and a job keeps nothing of the line it came in.
 */
export class JobQueue {
  /** Segments that are full, in their order. */
  readonly #full = new Fifo<Segment>();
  readonly #large = new Fifo<LargeJob>();
  readonly #hasRows: boolean;
  readonly #headBytes: number;
  /** The segment that takes the next job. */
  #tail: Segment | undefined;
  #length = 0;

  /** `hasRows` keeps the row of each job in the store. */
  constructor(hasRows: boolean) {
    this.#hasRows = hasRows;
    this.#headBytes = LENGTH_BYTES + (hasRows ? ROW_BYTES : 0);
  }

  get length(): number {
    return this.#length;
  }

  push(payload: Payload, row = 0): void {
    this.#length++;
    if (typeof payload !== "string") {
      this.#large.push(payload);
      return this.#append(this.#roomFor(0), LARGE, row);
    }
    let segment = this.#roomFor(payload.length);
    let { read, written } = this.#encode(payload, segment);
    if (read < payload.length) {
      // It has characters of more than a byte.
      segment = this.#roomFor(payload.length * 3);
      ({ read, written } = this.#encode(payload, segment));
    }
    this.#append(segment, written, row);
  }

  /** The oldest job. */
  peek(): Payload | undefined {
    if (this.#length === 0) return undefined;
    const { bytes, view, start } = this.#first;
    const length = view.getUint32(start);
    if (length === LARGE) return this.#large.peek();
    const from = start + this.#headBytes;
    return decoder.decode(bytes.subarray(from, from + length));
  }

  /** The row of the oldest job. */
  peekRow(): number {
    const { view, start } = this.#first;
    return view.getFloat64(start + LENGTH_BYTES);
  }

  /** Takes the oldest job out. */
  shift(): Payload | undefined {
    const payload = this.peek();
    if (payload === undefined) return undefined;
    const segment = this.#first;
    if (typeof payload !== "string") {
      this.#large.shift();
      segment.larges--;
    }
    segment.start = this.#next(segment, segment.start);
    segment.count--;
    this.#length--;
    if (segment.start < segment.end) return payload;
    if (segment !== this.#tail) this.#full.shift();
    // Most queues are empty most of the time, and get their next job soon.
    else if (segment.bytes.length <= KEPT_SEGMENT) segment.start = segment.end = 0;
    else this.clear();
    return payload;
  }

  /** Takes the first job that matches out, wherever it is. */
  take(matches: (payload: Payload) => boolean): QueuedJob | undefined {
    let found: QueuedJob | undefined;
    const others: QueuedJob[] = [];
    while (this.#length > 0) {
      const row = this.#hasRows ? this.peekRow() : 0;
      const job = { payload: this.shift()!, row };
      if (found === undefined && matches(job.payload)) found = job;
      else others.push(job);
    }
    for (const { payload, row } of others) this.push(payload, row);
    return found;
  }

  /** At most `limit` jobs, from the one at this position on; the oldest has position 0. */
  page(offset: number, limit: number): Payload[] {
    const found: Payload[] = [];
    const larges = [...this.#large.items()];
    let [position, large] = [0, 0];
    for (const segment of this.#segments()) {
      if (position + segment.count <= offset) {
        position += segment.count;
        large += segment.larges;
        continue;
      }
      for (let at = segment.start; at < segment.end; at = this.#next(segment, at)) {
        if (found.length === limit) return found;
        const length = segment.view.getUint32(at);
        const from = at + this.#headBytes;
        const kept = length === LARGE ? larges[large++] : undefined;
        if (position++ < offset) continue;
        found.push(kept ?? decoder.decode(segment.bytes.subarray(from, from + length)));
      }
    }
    return found;
  }

  /** The rows of all jobs. */
  *rows(): IterableIterator<number> {
    if (!this.#hasRows) return;
    for (const segment of this.#segments()) {
      for (let at = segment.start; at < segment.end; at = this.#next(segment, at)) {
        yield segment.view.getFloat64(at + LENGTH_BYTES);
      }
    }
  }

  clear(): void {
    this.#full.drain();
    this.#large.drain();
    this.#tail = undefined;
    this.#length = 0;
  }

  #segments(): Segment[] {
    return [...this.#full.items(), ...this.#tail === undefined ? [] : [this.#tail]];
  }

  /** The segment of the oldest job; there has to be one. */
  get #first(): Segment {
    return this.#full.peek() ?? this.#tail!;
  }

  /** The segment that takes a job of so many bytes. */
  #roomFor(bytes: number): Segment {
    const tail = this.#tail;
    const needed = this.#headBytes + bytes;
    if (tail !== undefined && tail.bytes.length - tail.end >= needed) return tail;
    const size = tail === undefined ? FIRST_SEGMENT : Math.min(tail.bytes.length * 4, MAX_SEGMENT);
    const buffer = new Uint8Array(Math.max(size, needed));
    const made = {
      bytes: buffer,
      view: new DataView(buffer.buffer),
      start: 0,
      end: 0,
      count: 0,
      larges: 0,
    };
    if (tail !== undefined && tail.start < tail.end) this.#full.push(tail);
    return this.#tail = made;
  }

  #encode(text: string, { bytes, end }: Segment): { read: number; written: number } {
    return encoder.encodeInto(text, bytes.subarray(end + this.#headBytes));
  }

  /** Counts in a job whose bytes are in their place. */
  #append(segment: Segment, length: number, row: number): void {
    segment.view.setUint32(segment.end, length);
    if (this.#hasRows) segment.view.setFloat64(segment.end + LENGTH_BYTES, row);
    segment.end = this.#next(segment, segment.end);
    segment.count++;
    if (length === LARGE) segment.larges++;
  }

  #next({ view }: Segment, at: number): number {
    const length = view.getUint32(at);
    return at + this.#headBytes + (length === LARGE ? 0 : length);
  }
}
