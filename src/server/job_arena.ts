import { Numbers } from "./numbers.ts";
import type { LargeJob, Payload } from "./payload.ts";

/**
 * Sizes of the first and the largest chunk, in bytes. The first is small, so that a server with one
 * job uses little memory.
 */
const FIRST_CHUNK = 4096;
const MAX_CHUNK = 1024 * 1024;

/** Bytes before each job: its row, its length, and the time of a job in a set. */
const ROW_AT = 0;
const LENGTH_AT = 4;
const TIME_AT = 8;
const HEADER_BYTES = 16;

/**
 * Chunks are compacted if more than `MIN_FREE` bytes are free, plus this fraction of the used
 * bytes.
 */
const MIN_FREE = 1024 * 1024;
const FREE_PART = 1 / 2;

/** Special chunk numbers: for rows without a job, and for large jobs. */
const NONE = 0;
const LARGE = 0xffff_ffff;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Calls back with each job that was ever stored in a chunk: its row, and the start of its bytes.
 */
export type WalkChunk = (visit: (row: number, start: number) => void) => void;

interface Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly walk: WalkChunk;
  /** Position of the next job. */
  end: number;
  /** Bytes of the jobs that still exist. */
  live: number;
}

/**
 * The bytes of all jobs of a server, in large buffers, so that the garbage collector has to track
 * only the buffers. A job is identified by its row, a number that is reused after the job is
 * removed.
 */
export class JobArena {
  /** Chunks by number. */
  #chunks = new Map<number, Chunk>();
  /** The chunk that takes the next job. */
  #tail: Chunk | undefined;
  #tailNumber = NONE;
  #lastChunk = NONE;
  /**
   * For each row: the number of its chunk, the start of its bytes, and their length. For a free
   * row, `#starts` holds the next free row.
   */
  #owners = new Numbers();
  #starts = new Numbers();
  #lengths = new Numbers();
  #free = 0;
  #larges = new Map<number, { readonly job: LargeJob; readonly at: number }>();
  #live = 0;
  #total = 0;
  #epoch = 0;
  /** True while jobs are adopted. No chunk is removed then. */
  #isAdopting = false;

  constructor() {
    this.clear();
  }

  /** Changes when all jobs are dropped: older rows are then invalid. */
  get epoch(): number {
    return this.#epoch;
  }

  /** One more than the largest row. */
  get rows(): number {
    return this.#owners.length;
  }

  /** True if so many bytes are free that chunks should be compacted. */
  get isSparse(): boolean {
    return this.#total > MIN_FREE + this.#live * (1 + FREE_PART);
  }

  /** Adds a job. `at` is its time if it is in a set. Returns its row. */
  add(payload: Payload, at = 0): number {
    const row = this.allocate();
    if (typeof payload === "string") this.#write(row, payload, at);
    else {
      this.#owners.set(row, LARGE);
      this.#larges.set(row, { job: payload, at });
    }
    return row;
  }

  /** Returns a row without a job. */
  allocate(): number {
    const row = this.#free;
    if (row === 0) {
      const next = this.#owners.length;
      this.#setLocation(next, NONE, 0, 0);
      return next;
    }
    this.#free = this.#starts.get(row);
    return row;
  }

  read(row: number): Payload {
    const owner = this.#owners.get(row);
    return owner === LARGE ? this.#larges.get(row)!.job : decoder.decode(this.bytes(row));
  }

  /** The time of a job in a set. */
  at(row: number): number {
    const owner = this.#owners.get(row);
    if (owner === LARGE) return this.#larges.get(row)!.at;
    return this.#chunks.get(owner)!.view.getFloat64(
      this.#starts.get(row) - HEADER_BYTES + TIME_AT,
      true,
    );
  }

  /** The bytes of a job that is not large. The next change may move them. */
  bytes(row: number): Uint8Array {
    const start = this.#starts.get(row);
    return this.#chunks.get(this.#owners.get(row))!.bytes
      .subarray(start, start + this.#lengths.get(row));
  }

  /** Returns true if this row has a job. */
  has(row: number): boolean {
    return row < this.#owners.length && this.#owners.get(row) !== NONE;
  }

  isLarge(row: number): boolean {
    return this.#owners.get(row) === LARGE;
  }

  /** Removes a job. Its row may be reused. */
  free(row: number): void {
    const owner = this.#owners.get(row);
    if (owner === LARGE) this.#larges.delete(row);
    else if (owner !== NONE) this.#freeBytes(owner, HEADER_BYTES + this.#lengths.get(row));
    this.#owners.set(row, NONE);
    this.#starts.set(row, this.#free);
    this.#free = row;
  }

  /** Removes all jobs. */
  clear(): void {
    this.#epoch++;
    this.#chunks = new Map();
    this.#larges = new Map();
    this.#tail = undefined;
    [this.#owners, this.#starts, this.#lengths] = [new Numbers(), new Numbers(), new Numbers()];
    this.#live = this.#total = this.#free = 0;
    // Row 0 is never used.
    this.#setLocation(0, NONE, 0, 0);
  }

  /** Adds a buffer as a chunk. Call `adopt` for each job in it. Returns the chunk's number. */
  addChunk(bytes: Uint8Array, walk: WalkChunk): number {
    this.#isAdopting = true;
    return this.#addChunk(bytes, walk);
  }

  #addChunk(bytes: Uint8Array, walk: WalkChunk): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#chunks.set(++this.#lastChunk, { bytes, view, walk, end: bytes.length, live: 0 });
    this.#total += bytes.length;
    return this.#lastChunk;
  }

  /**
   * Points a row, new or in use, to a job in a chunk. The job's time is stored before its bytes.
   */
  adopt(row: number, chunk: number, { start, length }: { start: number; length: number }): void {
    this.drop(row);
    this.#setLocation(row, chunk, start, length);
    this.#chunks.get(chunk)!.live += HEADER_BYTES + length;
    this.#live += HEADER_BYTES + length;
  }

  /** Points a row, new or in use, to a large job. */
  adoptLarge(row: number, job: LargeJob, at: number): void {
    this.drop(row);
    this.#setLocation(row, LARGE, 0, 0);
    this.#larges.set(row, { job, at });
  }

  /** Removes the job of a row, if there is one, without freeing the row. */
  drop(row: number): void {
    while (this.#owners.length <= row) this.#setLocation(this.#owners.length, NONE, 0, 0);
    const owner = this.#owners.get(row);
    if (owner === LARGE) this.#larges.delete(row);
    else if (owner !== NONE) this.#freeBytes(owner, HEADER_BYTES + this.#lengths.get(row));
    this.#owners.set(row, NONE);
  }

  /**
   * Ends the adoption. Frees the rows without a job, except those for which `isUsed` returns true.
   */
  finishAdoption(isUsed: (row: number) => boolean): void {
    this.#isAdopting = false;
    for (const [number, chunk] of this.#chunks) {
      if (chunk.live === 0 && chunk !== this.#tail) this.#release(number, chunk);
    }
    this.#free = 0;
    for (let row = this.#owners.length - 1; row > 0; row--) {
      if (this.#owners.get(row) !== NONE || isUsed(row)) continue;
      this.#starts.set(row, this.#free);
      this.#free = row;
    }
  }

  #setLocation(row: number, owner: number, start: number, length: number): void {
    this.#owners.set(row, owner);
    this.#starts.set(row, start);
    this.#lengths.set(row, length);
  }

  #write(row: number, text: string, at: number): void {
    let chunk = this.#roomFor(text.length);
    let { read, written } = encode(text, chunk);
    if (read < text.length) {
      // The text has characters of more than one byte.
      chunk = this.#roomFor(text.length * 3);
      ({ read, written } = encode(text, chunk));
    }
    this.#append(chunk, row, written, at);
  }

  /** Registers a job whose bytes are already at the end of the last chunk. */
  #append(chunk: Chunk, row: number, length: number, at: number): void {
    const { view, end } = chunk;
    view.setUint32(end + ROW_AT, row, true);
    view.setUint32(end + LENGTH_AT, length, true);
    view.setFloat64(end + TIME_AT, at, true);
    this.#setLocation(row, this.#tailNumber, end + HEADER_BYTES, length);
    chunk.end += HEADER_BYTES + length;
    chunk.live += HEADER_BYTES + length;
    this.#live += HEADER_BYTES + length;
  }

  /** Returns a chunk with room for a job of this length. */
  #roomFor(length: number): Chunk {
    const tail = this.#tail;
    const needed = HEADER_BYTES + length;
    if (tail !== undefined && tail.bytes.length - tail.end >= needed) return tail;
    const size = tail === undefined ? FIRST_CHUNK : Math.min(tail.bytes.length * 4, MAX_CHUNK);
    const bytes = new Uint8Array(Math.max(size, needed));
    const before = this.#tailNumber;
    this.#tailNumber = this.#addChunk(bytes, (visit) => walk(chunk, visit));
    const chunk = this.#tail = this.#chunks.get(this.#tailNumber)!;
    chunk.end = 0;
    if (tail?.live === 0) this.#release(before, tail);
    return chunk;
  }

  /** Marks bytes of a chunk as free. */
  #freeBytes(number: number, bytes: number): void {
    const chunk = this.#chunks.get(number)!;
    chunk.live -= bytes;
    this.#live -= bytes;
    if (this.#isAdopting) return;
    if (chunk.live === 0) {
      if (chunk === this.#tail) chunk.end = 0;
      else this.#release(number, chunk);
    }
    if (this.isSparse) this.compact();
  }

  #release(number: number, { bytes }: Chunk): void {
    this.#chunks.delete(number);
    this.#total -= bytes.length;
  }

  /** Moves the jobs of the emptiest chunk to the last one, and removes the chunk. */
  compact(): void {
    let [emptiest, lowest] = [NONE, 1];
    for (const [number, chunk] of this.#chunks) {
      const part = chunk.live / chunk.bytes.length;
      if (part >= lowest || chunk === this.#tail) continue;
      [emptiest, lowest] = [number, part];
    }
    const chunk = this.#chunks.get(emptiest);
    if (chunk === undefined) return;
    chunk.walk((row, start) => {
      if (this.#owners.get(row) !== emptiest || this.#starts.get(row) !== start) return;
      const length = this.#lengths.get(row);
      const to = this.#roomFor(length);
      to.bytes.set(chunk.bytes.subarray(start, start + length), to.end + HEADER_BYTES);
      this.#append(to, row, length, chunk.view.getFloat64(start - HEADER_BYTES + TIME_AT, true));
    });
    this.#live -= chunk.live;
    this.#release(emptiest, chunk);
  }
}

function encode(text: string, { bytes, end }: Chunk): { read: number; written: number } {
  return encoder.encodeInto(text, bytes.subarray(end + HEADER_BYTES));
}

/** Visits the jobs in a chunk that the arena itself has filled. */
function walk({ view, end }: Chunk, visit: (row: number, start: number) => void): void {
  for (let at = 0; at < end;) {
    const length = view.getUint32(at + LENGTH_AT, true);
    visit(view.getUint32(at + ROW_AT, true), at + HEADER_BYTES);
    at += HEADER_BYTES + length;
  }
}
