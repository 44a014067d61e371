import type { JobArena } from "../job_arena.ts";
import { Cleaner, type LogWriter } from "./cleaner.ts";
import type { LargeJob } from "../payload.ts";
import type { DataFolder } from "./data_folder.ts";
import { GroupBuffer } from "./group_buffer.ts";
import type { Backend } from "./group_commit.ts";
import type { Holds } from "./holds.ts";
import type { Hold, RestoredJobs } from "./places.ts";
import { Checksum, GROUP_HEAD, Op, SEGMENT_HEAD, segmentHead, writeGroupHead } from "./layout.ts";
import type { LiveRows } from "./live_rows.ts";
import type { Replay } from "./replay.ts";
import type { Segment } from "./segment.ts";
import type { Segments } from "./segments.ts";

/** Bytes to checksum before other clients are served. */
const CHECKSUM_AT_ONCE = 4 * 1024 * 1024;

/** Parts of a {@linkcode LogStore}. */
export interface LogStoreParts {
  readonly folder: DataFolder;
  readonly segments: Segments;
  readonly arena: JobArena;
  readonly live: LiveRows;
  readonly replay: Replay;
  /** Resolves after other clients are served. */
  readonly letOthersRun: () => Promise<void>;
}

/**
 * Saves everything in a log: each change is appended and synced. A {@linkcode Cleaner} removes the
 * oldest segments, so the log is at most about twice as long as the jobs in it.
 */
export class LogStore implements Backend, LogWriter {
  readonly arena: JobArena;
  /** The jobs that were in the log at the start. */
  readonly jobs: RestoredJobs;
  /** Number of saved groups. */
  commits = 0;
  readonly #folder: DataFolder;
  readonly #segments: Segments;
  readonly #live: LiveRows;
  readonly #letOthersRun: () => Promise<void>;
  readonly #buffer = new GroupBuffer();
  readonly #cleaner: Cleaner;
  /** Segment and offset of the next group. */
  #segment: Segment;
  #offset: number;
  /** The numbers of the places in this segment. */
  #places: Map<string, number>;
  #group: number;
  #order: number;
  /** The row of each record, by table and key. */
  #records = new Map<string, Map<string, number>>();
  /** Records that were in the log at the start. */
  readonly #loaded = new Map<string, readonly (readonly [key: string, json: string])[]>();
  /** Records that were set or deleted since the last group. */
  #changed = new Map<string, Map<string, string | undefined>>();
  readonly #holds: Holds;
  /** Removed places whose rows are still being freed. */
  #removals = 0;

  constructor({ folder, segments, arena, live, replay, letOthersRun }: LogStoreParts) {
    this.#folder = folder;
    this.#segments = segments;
    this.arena = arena;
    this.jobs = replay;
    this.#live = live;
    this.#letOthersRun = letOthersRun;
    this.#segment = segments.last;
    this.#offset = Math.max(this.#segment.end, SEGMENT_HEAD);
    this.#places = replay.segmentPlaces;
    this.#group = replay.group ?? 0;
    this.#order = replay.lastOrder;
    this.#holds = replay.holds;
    for (const [table, records] of replay.tables) {
      this.#records.set(table, new Map([...records].map(([key, { row }]) => [key, row])));
      this.#loaded.set(table, [...records].map(([key, { json }]) => [key, json]));
    }
    this.#cleaner = new Cleaner({ segments, live, holds: this.#holds, log: this });
  }

  /** True if the log needs cleaning. */
  get hasWork(): boolean {
    return this.#removals === 0 && this.#cleaner.hasWork;
  }

  /** Calls back when cleaning can continue. */
  whenWork(callback: () => void): void {
    this.#cleaner.whenRead(callback);
  }

  records(table: string): Iterable<readonly [key: string, json: string]> {
    const records = this.#loaded.get(table) ?? [];
    this.#loaded.delete(table);
    return records;
  }

  add(row: number, place: string, { at, owner }: Hold): void {
    this.write(row, { place, order: ++this.#order, at, owner });
    if (owner !== "") this.#holds.set(row, { at, owner });
  }

  /** Writes a job's record. */
  write(
    row: number,
    { place, order, at, owner }: { place: string; order: number; at: number; owner: string },
  ): void {
    const record = { row, place: this.#placeOf(place), order, at, owner };
    const { arena } = this;
    const position = arena.isLarge(row)
      ? this.#buffer.addLarge(
        record,
        arena.read(row) as LargeJob,
      )
      : this.#buffer.add(record, arena.bytes(row));
    this.#setLive(row, position);
  }

  reserve(row: number, hold: Hold): void {
    this.#buffer.reserve(row, hold.at, hold.owner);
    this.#holds.set(row, hold);
  }

  remove(row: number): void {
    this.#buffer.remove(row);
    this.#live.clear(row);
    this.#holds.delete(row);
  }

  removePlace(place: string): void {
    this.#buffer.removePlace(this.#placeOf(place), this.#order);
    this.#removals++;
  }

  removed(row: number): void {
    this.#live.clear(row);
  }

  placeRemoved(): void {
    this.#removals--;
  }

  clear(): void {
    this.#changed.clear();
    this.#records = new Map();
    this.#holds.clear();
    this.#removals = 0;
    this.#cleaner.stop();
    this.#live.clearAll();
    this.#buffer.mark(Op.clear);
  }

  record(table: string, key: string, json: string | undefined): void {
    let records = this.#changed.get(table);
    if (records === undefined) this.#changed.set(table, records = new Map());
    records.set(key, json);
  }

  /** Writes a record again. */
  rewrite(row: number, texts: readonly [table: string, key: string, json: string]): void {
    this.#setLive(row, this.#buffer.set(row, texts));
  }

  /** Records in the next group that the segments before this one are not needed. */
  trim(oldest: number): void {
    this.#buffer.trim(oldest);
  }

  /** Size of the next group so far, in bytes. */
  get pending(): number {
    return this.#buffer.length;
  }

  async commit(): Promise<void> {
    this.#writeRecords();
    if (this.#removals === 0) this.#cleaner.step();
    if (this.#buffer.isEmpty) return;
    const [segment, offset] = [this.#segment, this.#offset];
    const parts = this.#buffer.take();
    const group = { segment: segment.number, group: this.#group = (this.#group + 1) >>> 0 };
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    segment.end = this.#offset = offset + size;
    this.#rotate();
    this.#check(segment);
    await this.#writeHead(parts, { ...group, length: size - GROUP_HEAD });
    const isFirst = offset === SEGMENT_HEAD;
    if (isFirst) {
      await segment.write([segmentHead(segment.number, this.#segments.needed)], 0);
    }
    await segment.write(parts, offset);
    await Promise.all([segment.sync(), isFirst ? this.#folder.sync() : undefined]);
    this.commits++;
    this.#buffer.reuse(parts[0]!);
    if (segment !== this.#segment) segment.close();
    this.#segments.committed(this.#offset);
  }

  async close(): Promise<void> {
    this.#cleaner.stop();
    try {
      this.#check(this.#segment);
      await this.#segments.recordEnd();
    } finally {
      this.abandon();
    }
  }

  /** Closes the files and unlocks the folder. Nothing more is written. */
  abandon(): void {
    this.#segments.close();
    this.#folder.release();
  }

  /** @throws {Error} if another program changed, moved or removed the segment or its folder. */
  #check(segment: Segment): void {
    try {
      segment.check();
    } catch (error) {
      if (this.#folder.stillExists()) throw error;
      throw new Error(`${this.#folder.path} was moved or removed`);
    }
  }

  /** Records the position of the record that a row needs. */
  #setLive(row: number, position: number): void {
    const size = this.#buffer.length - position;
    this.#live.set(row, this.#segment, { offset: this.#offset + position, size });
  }

  #placeOf(name: string): number {
    let place = this.#places.get(name);
    if (place === undefined) {
      this.#places.set(name, place = this.#places.size);
      this.#buffer.place(place, name);
    }
    return place;
  }

  #writeRecords(): void {
    for (const [table, changed] of this.#changed) {
      let rows = this.#records.get(table);
      if (rows === undefined) this.#records.set(table, rows = new Map());
      for (const [key, json] of changed) {
        let row = rows.get(key);
        if (json !== undefined) {
          if (row === undefined) rows.set(key, row = this.arena.allocate());
          this.rewrite(row, [table, key, json]);
        } else if (row !== undefined) {
          rows.delete(key);
          this.remove(row);
          this.arena.free(row);
        }
      }
    }
    this.#changed.clear();
  }

  /** Begins the next segment if this one is full. */
  #rotate(): void {
    const next = this.#segments.next(this.#offset);
    if (next === undefined) return;
    this.#segment = next;
    this.#offset = SEGMENT_HEAD;
    this.#places = new Map();
  }

  /** Writes the head of a group. */
  async #writeHead(
    parts: readonly Uint8Array[],
    id: { segment: number; group: number; length: number },
  ): Promise<void> {
    const checksum = new Checksum(id);
    let done = 0;
    for (const [i, part] of parts.entries()) {
      for (let at = i === 0 ? GROUP_HEAD : 0; at < part.length;) {
        const piece = part.subarray(at, at + CHECKSUM_AT_ONCE);
        checksum.add(piece);
        at += piece.length;
        done += piece.length;
        if (done < CHECKSUM_AT_ONCE) continue;
        done = 0;
        await this.#letOthersRun();
      }
    }
    const first = parts[0]!;
    writeGroupHead(new DataView(first.buffer, first.byteOffset), id, checksum.sum);
  }
}
