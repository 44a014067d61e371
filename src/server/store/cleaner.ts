import { isOutOfFiles } from "./data_error.ts";
import type { Holds } from "./holds.ts";
import { WORKING_PLACE } from "./places.ts";
import { Op } from "./layout.ts";
import type { LiveRows } from "./live_rows.ts";
import { RecordCursor } from "./record_cursor.ts";
import type { Segment } from "./segment.ts";
import type { Segments } from "./segments.ts";

/** Maximum bytes rewritten and records read per group. */
const WRITE_AT_ONCE = 512 * 1024;
const READ_AT_ONCE = 20_000;

/** The log that a {@linkcode Cleaner} writes to. */
export interface LogWriter {
  /** Size of the next group so far, in bytes. */
  readonly pending: number;
  /** Writes a job's record. */
  write(
    row: number,
    job: { place: string; order: number; at: number; owner: string },
  ): void;
  /** Writes a record once more. */
  rewrite(row: number, texts: readonly [table: string, key: string, json: string]): void;
  /** Records in the next group that the segments before this one are not needed. */
  trim(oldest: number): void;
}

/** Parts of a {@linkcode Cleaner}. */
interface CleanerParts {
  readonly segments: Segments;
  readonly live: LiveRows;
  readonly holds: Pick<Holds, "get">;
  readonly log: LogWriter;
}

/**
 * Keeps the log short: copies the records of the oldest segment that are still needed to the end of
 * the log, then removes the segment. It must be the oldest one. The record that removes a job comes
 * after the job, so when the job's segment is gone, that record is not needed either.
 */
export class Cleaner {
  readonly #segments: Segments;
  readonly #live: LiveRows;
  readonly #holds: Pick<Holds, "get">;
  readonly #log: LogWriter;
  #onRead: () => void = () => {};
  /** The segment to clean. */
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
   * @throws {Error} if a segment can no longer be read.
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

  /** Stops cleaning the current segment. */
  stop(): void {
    this.#segment = this.#records = undefined;
  }

  get #isOldestDead(): boolean {
    const { oldest, last } = this.#segments;
    return oldest !== last && oldest.live === 0;
  }

  /** Removes the oldest segments without needed records. */
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
      // The cause may be too many open files, which may pass.
      if (!isOutOfFiles(error)) this.#failure = error;
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
