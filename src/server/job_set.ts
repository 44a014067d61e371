import { compareBytes, equalBytes } from "./go/bytes.ts";
import { bytesOf } from "./go/text.ts";
import { hashOf, jidHash } from "./jid_hash.ts";
import type { JobArena } from "./job_arena.ts";
import { type Payload, payloadKey } from "./payload.ts";
import { RowIndex } from "./row_index.ts";
import { peekJob } from "./stored_job.ts";

/**
 * Maximum number of members in a part. With this size, it is cheap to move the members of a part,
 * and to move all the parts of a set of a million members.
 */
const MAX_PART = 1024;

/** Names of the sets that MUTATE accepts. */
export type SetName = "scheduled" | "retries" | "dead";

/** Saves the changes of a set. */
export interface SetStore {
  add(row: number, at: number): void;
  remove(row: number): void;
}

/** A member of a {@linkcode JobSet}. */
export interface JobEntry {
  /** The job's row in the arena. */
  readonly row: number;
  /** In ms since 1970. */
  readonly at: number;
  readonly value: Payload;
}

/** Members in order. */
interface Part {
  readonly ats: Float64Array;
  readonly rows: Uint32Array;
  start: number;
  end: number;
}

/**
 * Jobs ordered by time, like a sorted set of Redis. Jobs with the same time are ordered by their
 * bytes, and no job is in the set twice. A member is identified by its row in the arena.
 */
export class JobSet {
  readonly #arena: JobArena;
  readonly #store: SetStore | undefined;
  /** In order. None is empty. */
  #parts: Part[] = [];
  readonly #byJid = new RowIndex();
  readonly #iterations = new Set<Set<number>>();
  #size = 0;

  constructor(arena: JobArena, store?: SetStore) {
    this.#arena = arena;
    this.#store = store;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a job, or moves the job with the same bytes to another time. Returns its row. */
  add(at: number, payload: Payload): number {
    const row = this.#arena.add(payload, at);
    this.restore(row);
    this.#store?.add(row, at);
    return row;
  }

  /** Adds a job that is already in the arena, with the time stored there. */
  restore(row: number): void {
    const hash = this.#hashOf(row);
    for (const other of this.#byJid.find(hash)) {
      if (this.#isSame(row, other)) this.remove({ row: other });
    }
    this.#byJid.add(hash, row);
    this.#insert(this.#arena.at(row), row);
    this.#size++;
    for (const newcomers of this.#iterations) newcomers.add(row);
  }

  /** Removes a job. Returns true if it was in the set. */
  remove({ row }: Pick<JobEntry, "row">): boolean {
    if (!this.#arena.has(row) || !this.#byJid.remove(this.#hashOf(row), row)) return false;
    const at = this.#arena.at(row);
    const index = this.#partOf(at, row);
    const part = this.#parts[index]!;
    const position = this.#positionIn(part, at, row);
    part.ats.copyWithin(position, position + 1, part.end);
    part.rows.copyWithin(position, position + 1, part.end);
    if (--part.end === part.start) this.#parts.splice(index, 1);
    this.#drop(row);
    return true;
  }

  /** Removes and returns up to `max` jobs that are due at `at` or before, in order. */
  takeUntil(at: number, max = Infinity): Payload[] {
    const taken: Payload[] = [];
    for (let part; taken.length < max && (part = this.#parts[0]) !== undefined;) {
      if (part.ats[part.start]! > at) break;
      const row = part.rows[part.start++]!;
      if (part.start === part.end) this.#parts.shift();
      taken.push(this.#arena.read(row));
      this.#byJid.remove(this.#hashOf(row), row);
      this.#drop(row);
    }
    return taken;
  }

  /** Returns up to `limit` members, from this rank on. The first has rank 0. */
  page(offset: number, limit: number): JobEntry[] {
    return this.#rows(offset, limit).map((row) => this.#entry(row));
  }

  /** Returns the members with this jid. */
  withJid(jid: string): JobEntry[] {
    return this.#byJid.find(hashOf(jid)).map((row) => this.#entry(row))
      .filter(({ value }) => peekJob(value).jid === jid);
  }

  /**
   * Iterates over the members in order, in portions. The set may change between two portions.
   * Members that were removed or added since the first portion are left out.
   */
  *parts(size: number): IterableIterator<SetPart> {
    const newcomers = new Set<number>();
    this.#iterations.add(newcomers);
    const has = ({ row }: JobEntry) => !newcomers.has(row) && this.#has(row);
    try {
      for (let rows = this.#rows(0, size); rows.length > 0;) {
        // The last member may be removed before the next portion is requested.
        const row = rows.at(-1)!;
        const last = { at: this.#arena.at(row), bytes: this.#bytesOf(row).slice() };
        const old = rows.filter((row) => !newcomers.has(row));
        yield { entries: old.map((row) => this.#entry(row)), has };
        rows = this.#after(last, size);
      }
    } finally {
      this.#iterations.delete(newcomers);
    }
  }

  /** Empties the set. The arena and the store are emptied by the caller. */
  reset(): void {
    this.#parts = [];
    this.#byJid.clear();
    this.#size = 0;
  }

  #has(row: number): boolean {
    return this.#arena.has(row) && this.#byJid.find(this.#hashOf(row)).includes(row);
  }

  #entry(row: number): JobEntry {
    return { row, at: this.#arena.at(row), value: this.#arena.read(row) };
  }

  #rows(offset: number, limit: number): number[] {
    const found: number[] = [];
    let skip = offset;
    for (const { rows, start, end } of this.#parts) {
      if (found.length >= limit) break;
      for (let at = start + skip; at < end && found.length < limit; at++) found.push(rows[at]!);
      skip = Math.max(0, skip - (end - start));
    }
    return found;
  }

  #drop(row: number): void {
    this.#size--;
    for (const newcomers of this.#iterations) newcomers.delete(row);
    this.#store?.remove(row);
    this.#arena.free(row);
  }

  #insert(at: number, row: number): void {
    // Most members are added in order.
    const last = this.#parts[this.#parts.length - 1];
    if (last === undefined || this.#compare(last, last.end - 1, at, row) < 0) {
      if (last === undefined || last.end === MAX_PART) this.#parts.push(partOf(at, row));
      else put(last, last.end, at, row);
      return;
    }
    const index = this.#partOf(at, row);
    const part = this.#parts[index]!;
    if (part.end - part.start === MAX_PART) {
      const half = MAX_PART / 2;
      this.#parts.splice(index, 1, copyOf(part, 0, half), copyOf(part, half, MAX_PART));
      return this.#insert(at, row);
    }
    if (part.end === MAX_PART) moveToStart(part);
    put(part, this.#positionIn(part, at, row), at, row);
  }

  /** Returns the first members after a position, whose member may no longer exist. */
  #after({ at, bytes }: { at: number; bytes: Uint8Array }, max: number): number[] {
    const isAfter = ({ ats, rows }: Part, i: number) =>
      ats[i]! > at || ats[i] === at && compareBytes(this.#bytesOf(rows[i]!), bytes) > 0;
    let index = firstWhere(0, this.#parts.length, (i) => {
      const part = this.#parts[i]!;
      return isAfter(part, part.end - 1);
    });
    const found: number[] = [];
    for (; index < this.#parts.length && found.length < max; index++) {
      const part = this.#parts[index]!;
      const from = found.length > 0
        ? part.start
        : firstWhere(part.start, part.end, (i) => isAfter(part, i));
      for (let i = from; i < part.end && found.length < max; i++) found.push(part.rows[i]!);
    }
    return found;
  }

  /**
   * Returns the index of the first part that ends at or after this member, otherwise the last part.
   */
  #partOf(at: number, row: number): number {
    const last = this.#parts.length - 1;
    return firstWhere(0, last, (i) => {
      const part = this.#parts[i]!;
      return this.#compare(part, part.end - 1, at, row) >= 0;
    });
  }

  /** Returns the position of a member in its part, or the position to insert it at. */
  #positionIn(part: Part, at: number, row: number): number {
    return firstWhere(part.start, part.end, (i) => this.#compare(part, i, at, row) >= 0);
  }

  /** Returns a negative number if the member at `place` comes before the other one. */
  #compare({ ats, rows }: Part, position: number, at: number, row: number): number {
    const difference = ats[position]! - at;
    if (difference !== 0 || rows[position] === row) return difference;
    return compareBytes(this.#bytesOf(rows[position]!), this.#bytesOf(row));
  }

  #isSame(a: number, b: number): boolean {
    return equalBytes(this.#bytesOf(a), this.#bytesOf(b));
  }

  /** The bytes that identify and order a job. */
  #bytesOf(row: number): Uint8Array {
    const arena = this.#arena;
    return arena.isLarge(row) ? bytesOf(payloadKey(arena.read(row))) : arena.bytes(row);
  }

  #hashOf(row: number): number {
    return jidHash(this.#bytesOf(row));
  }
}

/** A portion of the members during an iteration. */
export interface SetPart {
  readonly entries: readonly JobEntry[];
  /** Returns true if the entry is still a member. */
  has(entry: JobEntry): boolean;
}

/**
 * Binary search: returns the first index from `low` on for which `isWanted` is true, or `high`.
 * `isWanted` must be true for all later indexes too.
 */
function firstWhere(low: number, high: number, isWanted: (index: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isWanted(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function partOf(at: number, row: number): Part {
  const part = {
    ats: new Float64Array(MAX_PART),
    rows: new Uint32Array(MAX_PART),
    start: 0,
    end: 0,
  };
  put(part, 0, at, row);
  return part;
}

function put(part: Part, position: number, at: number, row: number): void {
  part.ats.copyWithin(position + 1, position, part.end);
  part.rows.copyWithin(position + 1, position, part.end);
  part.ats[position] = at;
  part.rows[position] = row;
  part.end++;
}

function moveToStart(part: Part): void {
  part.ats.copyWithin(0, part.start, part.end);
  part.rows.copyWithin(0, part.start, part.end);
  part.end -= part.start;
  part.start = 0;
}

function copyOf({ ats, rows }: Part, from: number, to: number): Part {
  const copy = {
    ats: new Float64Array(MAX_PART),
    rows: new Uint32Array(MAX_PART),
    start: 0,
    end: to - from,
  };
  copy.ats.set(ats.subarray(from, to));
  copy.rows.set(rows.subarray(from, to));
  return copy;
}
