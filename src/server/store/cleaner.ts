import type { Holds } from "./holds.ts";
import { WORKING_PLACE } from "./kept.ts";
import { Op } from "./layout.ts";
import type { LiveRows } from "./live_rows.ts";
import { RecordCursor } from "./record_cursor.ts";
import type { Segment } from "./segment.ts";
import type { Segments } from "./segments.ts";

/** So much is written again with a group, in bytes, and so many records are looked at. */
const WRITE_AT_ONCE = 512 * 1024;
const READ_AT_ONCE = 20_000;

/** Where a {@linkcode Cleaner} writes. */
export interface LogWriter {
  /** Bytes of the group that gathers. */
  readonly pending: number;
  /** Writes a job's record. */
  write(
    row: number,
    job: { place: string; order: number; at: number; owner: string },
  ): void;
  /** Writes a record that is set again as it was. */
  rewrite(row: number, texts: readonly [table: string, key: string, json: string]): void;
  /** Segments before this one are let go with the next group. */
  trim(oldest: number): void;
}

/** What a {@linkcode Cleaner} works on. */
interface CleanerParts {
  readonly segments: Segments;
  readonly live: LiveRows;
  readonly holds: Pick<Holds, "get">;
  readonly log: LogWriter;
}

/**
 * Keeps a log short: writes again what is needed of the oldest segment, then lets that go. Always the oldest one: that a job is
 * gone stands behind the job, so what says so is not needed any more either.
 */
export class Cleaner {
  readonly #segments: Segments;
  readonly #live: LiveRows;
  readonly #holds: Pick<Holds, "get">;
  readonly #log: LogWriter;
  #onRead: () => void = () => {};
  /** The segment that is read, or was. */
  #segment: Segment | undefined;
  #records: RecordCursor | undefined;
  #places: string[] = [];
  #failure: Error | undefined;

  constructor({ segments, live, holds, log }: CleanerParts) {
    this.#segments = segments;
    this.#live = live;
    this.#holds = holds;
    this.#log = log;
  }

  get hasWork(): boolean {
    if (this.#records !== undefined || this.#isOldestDead || this.#failure !== undefined) {
      return true;
    }
    this.#begin();
    return false;
  }

  whenRead(callback: () => void): void {
    this.#onRead = callback;
  }

  /**
   * Does a part of the work.
   *
   * @throws {Error} where a segment cannot be read any more.
   */
  step(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isOldestDead) return this.#trim();
    const records = this.#records;
    const segment = this.#segment;
    if (records === undefined || segment === undefined) return this.#begin();
    const begin = this.#log.pending;
    for (let i = 0; i < READ_AT_ONCE && this.#log.pending - begin < WRITE_AT_ONCE; i++) {
      if (!records.next()) {
        this.#segment = this.#records = undefined;
        return this.#trim();
      }
      this.#move(records, segment);
    }
  }

  /** Gives up what is under way. */
  stop(): void {
    this.#segment = this.#records = undefined;
  }

  get #isOldestDead(): boolean {
    const { oldest, last } = this.#segments;
    return oldest !== last && oldest.live === 0;
  }

  /** Lets the oldest segments go of which nothing is needed. */
  #trim(): void {
    const oldest = this.#segments.firstLive;
    if (oldest === this.#segments.oldest) return;
    this.stop();
    this.#log.trim(oldest.number);
    this.#segments.trim(oldest);
  }

  #begin(): void {
    const { oldest, last } = this.#segments;
    if (this.#segment !== undefined || oldest === last || !this.#segments.isSparse) return;
    this.#segment = oldest;
    void oldest.read().then((bytes) => {
      if (this.#segment !== oldest) return;
      this.#records = new RecordCursor(bytes, oldest.end);
      this.#places = [];
      this.#onRead();
    }).catch((error) => {
      if (this.#segment !== oldest) return;
      this.#segment = undefined;
      // Too many files may be open now, and not later.
      if (!["EMFILE", "ENFILE"].includes(error.code)) this.#failure = error;
      this.#onRead();
    });
  }

  /** Writes a record again, if it is needed. */
  #move(records: RecordCursor, segment: Segment): void {
    const { op, row } = records;
    if (op === Op.place) this.#places[records.place] = records.texts[0]!;
    if (op !== Op.add && op !== Op.addLarge && op !== Op.set) return;
    if (!this.#live.isAt(row, segment, records.recordStart)) return;
    if (op === Op.set) {
      return this.#log.rewrite(row, records.texts as [string, string, string]);
    }
    const hold = this.#holds.get(row);
    const { at, owner, order } = records;
    const state = hold === undefined
      ? { place: this.#places[records.place]!, at, owner }
      : { place: WORKING_PLACE, ...hold };
    this.#log.write(row, { ...state, order });
  }
}
