import type { JobArena } from "../job_arena.ts";
import { Numbers } from "../numbers.ts";
import { damageError, invalidData } from "./data_error.ts";
import { Holds } from "./holds.ts";
import { type Hold, type RestoredJobs, WORKING_PLACE } from "./places.ts";
import {
  Checksum,
  GROUP_HEAD,
  LOG_VERSION,
  Op,
  readGroupHead,
  readSegmentHead,
  SEGMENT_HEAD,
  segmentHead,
} from "./layout.ts";
import type { LiveRows } from "./live_rows.ts";
import { RecordCursor } from "./record_cursor.ts";
import type { Segment } from "./segment.ts";

/** The objects that {@linkcode Replay} fills. */
interface ReplayTarget {
  /** The folder, for errors. */
  readonly path: string;
  readonly arena: JobArena;
  readonly live: LiveRows;
}

/** A stored record. */
export interface RestoredRecord {
  readonly row: number;
  readonly json: string;
}

/** A group in its segment, as bytes; the first group includes the head of the segment. */
interface LastGroup {
  readonly segment: Segment;
  readonly from: number;
  readonly bytes: Uint8Array;
}

/** Reads a log, the oldest segment first, and restores the state at its end. */
export class Replay implements RestoredJobs {
  readonly #path: string;
  readonly #arena: JobArena;
  readonly #live: LiveRows;
  /** Place and order of each row. */
  #places = new Numbers();
  #orders = new Numbers(Float64Array);
  /** Names of the places, by number in this replay. */
  readonly #names: string[] = [];
  readonly #byName = new Map<string, number>();
  readonly #removedUpTo: number[] = [];
  readonly holds = new Holds();
  #rows: number[][] = [];
  #tables = new Map<string, Map<string, RestoredRecord>>();
  #keys = new Map<number, readonly [table: string, key: string]>();
  /** Numbers of the places in the last segment that was read. */
  segmentPlaces = new Map<string, number>();
  /** The number of the last group. `undefined` before the first. */
  group: number | undefined;
  #lastGroup: LastGroup | undefined;
  lastOrder = 0;
  /** The oldest segment that is needed. */
  oldest = 0;

  constructor({ path, arena, live }: ReplayTarget) {
    this.#path = path;
    this.#arena = arena;
    this.#live = live;
    this.#placeNumber(WORKING_PLACE);
  }

  /**
   * Reads a segment and finds the end of its last complete group.
   *
   * @throws {ConfigError} `INVALID_DATA` if the segment was changed or is incomplete.
   */
  read(segment: Segment, bytes: Uint8Array, isLast: boolean): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.segmentPlaces = new Map();
    const head = readSegmentHead(view);
    if (head === undefined || head.number !== segment.number) {
      // A server may crash before it writes the head, possibly to a reused file of an old segment.
      const isEmpty = isLast && (head !== undefined || isBegunHead(bytes, segment.number));
      if (!isEmpty || this.#groupAfter(view, segment, SEGMENT_HEAD) !== undefined) {
        throw this.#damaged(segment, "its head is invalid");
      }
      segment.end = 0;
      return;
    }
    if (head.version > LOG_VERSION) {
      throw invalidData(
        this.#path,
        `it was written by a newer version of this server (${head.version})`,
      );
    }
    this.oldest = Math.max(this.oldest, head.oldest);
    segment.end = this.#endOf(view, segment, bytes);
    if (!isLast && segment.end === SEGMENT_HEAD) {
      throw this.#damaged(segment, "it does not continue the segment before it");
    }
    if (isLast) {
      // The head may not be synced. It is written again with the first group.
      if (segment.end === SEGMENT_HEAD) segment.end = 0;
      const at = this.#groupAfter(view, segment, segment.end);
      if (at !== undefined) {
        throw this.#damaged(segment, `the bytes from ${segment.end} to ${at} are invalid`);
      }
    }
    this.#apply(segment, bytes);
  }

  /** Ends the replay; call it after the last segment. */
  finish(): void {
    const rows = this.#names.map((): number[] => []);
    for (let row = 1; row < this.#arena.rows; row++) {
      if (!this.#arena.has(row)) continue;
      const place = this.#places.get(row);
      if (this.#orders.get(row) <= this.#removedUpTo[place]!) {
        this.#arena.drop(row);
        this.#live.clear(row);
      } else {
        rows[place]!.push(row);
      }
    }
    const orders = this.#orders;
    for (const placeRows of rows) {
      if (!isSorted(placeRows, orders)) placeRows.sort((a, b) => orders.get(a) - orders.get(b));
    }
    this.#rows = rows;
    this.#arena.finishAdoption((row) => this.#keys.has(row));
    [this.#places, this.#orders] = [new Numbers(), new Numbers(Float64Array)];
  }

  places(): readonly string[] {
    return this.#names.filter((_, place) => this.#rows[place]!.length > 0);
  }

  takeRows(place: string): readonly number[] {
    const number = this.#byName.get(place) ?? -1;
    const rows = this.#rows[number] ?? [];
    if (number >= 0) this.#rows[number] = [];
    return rows;
  }

  hold(row: number): Hold {
    return this.holds.get(row)!;
  }

  /** Returns the last group of the log; only the first call does. */
  takeLastGroup(): LastGroup | undefined {
    const group = this.#lastGroup;
    this.#lastGroup = undefined;
    return group;
  }

  /** The records of each table, in the order in which they were first set. */
  get tables(): ReadonlyMap<string, ReadonlyMap<string, RestoredRecord>> {
    return this.#tables;
  }

  /** Returns the end of a segment's last complete group. */
  #endOf(view: DataView, segment: Segment, bytes: Uint8Array): number {
    let at = SEGMENT_HEAD;
    for (;;) {
      const group = groupAt(view, at, segment.number);
      const isNext = this.group === undefined || group === (this.group + 1) >>> 0;
      if (group === undefined || !isNext) return at;
      this.group = group;
      const from = at === SEGMENT_HEAD ? 0 : at;
      at += GROUP_HEAD + readGroupHead(view, at)!.length;
      this.#lastGroup = { segment, from, bytes: bytes.subarray(from, at) };
    }
  }

  /** Returns the offset of a complete group at or after `from` that is newer than the last one. */
  #groupAfter(view: DataView, { number }: Segment, from: number): number | undefined {
    for (let at = from; at + GROUP_HEAD <= view.byteLength; at += 8) {
      const group = groupAt(view, at, number);
      if (group === undefined) continue;
      // Older groups may follow in a reused file.
      if (this.group === undefined || ((group - this.group) | 0) > 1) return at;
    }
    return undefined;
  }

  #apply(segment: Segment, bytes: Uint8Array): void {
    const end = segment.end;
    const [arena, live] = [this.#arena, this.#live];
    const addChunk = () =>
      arena.addChunk(bytes, (visit) => {
        const records = new RecordCursor(bytes, end);
        while (records.next()) if (records.op === Op.add) visit(records.row, records.start);
      });
    let chunk = addChunk();
    const places: number[] = [];
    const records = new RecordCursor(bytes, end);
    while (records.next()) {
      const { row } = records;
      switch (records.op) {
        case Op.add:
        case Op.addLarge: {
          if (records.op === Op.add) arena.adopt(row, chunk, records);
          else arena.adoptLarge(row, records.largeJob, records.at);
          live.set(row, segment, { offset: records.recordStart, size: records.recordLength });
          const place = places[records.place]!;
          this.#places.set(row, place);
          this.#orders.set(row, records.order);
          this.lastOrder = Math.max(this.lastOrder, records.order);
          if (place === 0) this.holds.set(row, { at: records.at, owner: records.owner });
          break;
        }
        case Op.reserve:
          // If the job's segment is gone, the job was removed later.
          if (!arena.has(row)) break;
          this.#places.set(row, 0);
          this.holds.set(row, { at: records.at, owner: records.owner });
          break;
        case Op.remove:
          this.#remove(row);
          break;
        case Op.set:
          this.#set(row, records.texts as [string, string, string]);
          live.set(row, segment, { offset: records.recordStart, size: records.recordLength });
          break;
        case Op.place: {
          const [name] = records.texts;
          this.segmentPlaces.set(name!, records.place);
          places[records.place] = this.#placeNumber(name!);
          break;
        }
        case Op.removePlace:
          this.#removedUpTo[places[records.place]!] = records.order;
          // New jobs need a higher order, even if the segments of the removed jobs are gone.
          this.lastOrder = Math.max(this.lastOrder, records.order);
          break;
        case Op.clear:
          this.#clear();
          chunk = addChunk();
          break;
        case Op.trim:
          this.oldest = Math.max(this.oldest, row);
          break;
      }
    }
  }

  #remove(row: number): void {
    this.#arena.drop(row);
    this.#live.clear(row);
    this.holds.delete(row);
    const names = this.#keys.get(row);
    if (names === undefined) return;
    this.#keys.delete(row);
    this.#tables.get(names[0])?.delete(names[1]);
  }

  #set(row: number, [table, key, json]: readonly [string, string, string]): void {
    let records = this.#tables.get(table);
    if (records === undefined) this.#tables.set(table, records = new Map());
    records.set(key, { row, json });
    this.#keys.set(row, [table, key]);
    this.#arena.drop(row);
  }

  #clear(): void {
    this.#arena.clear();
    this.#live.clearAll();
    this.holds.clear();
    this.#tables = new Map();
    this.#keys = new Map();
    [this.#places, this.#orders] = [new Numbers(), new Numbers(Float64Array)];
  }

  #placeNumber(name: string): number {
    let number = this.#byName.get(name);
    if (number === undefined) {
      this.#byName.set(name, number = this.#names.length);
      this.#names.push(name);
      this.#removedUpTo.push(0);
    }
    return number;
  }

  #damaged({ path }: Segment, what: string): Error {
    return damageError(this.#path, `${path}: ${what}`);
  }
}

/** Returns true if the file contains only the first bytes of a segment's head. */
function isBegunHead(bytes: Uint8Array, number: number): boolean {
  const head = segmentHead(number, 0);
  // The number of the oldest segment may be any.
  const known = head.subarray(0, head.length - 4);
  const written = known.findIndex((byte, at) => bytes[at] !== byte);
  if (written < 0) return bytes.length < head.length;
  return bytes.subarray(written, head.length).every((byte) => byte === 0);
}

/** Returns the number of the complete group at this offset, if there is one. */
function groupAt(view: DataView, at: number, segment: number): number | undefined {
  const head = readGroupHead(view, at);
  if (head === undefined) return undefined;
  const { group, length, sum } = head;
  const checksum = new Checksum({ segment, group, length });
  checksum.add(new Uint8Array(view.buffer, view.byteOffset + at + GROUP_HEAD, length));
  return checksum.sum === sum ? group : undefined;
}

function isSorted(rows: readonly number[], orders: Numbers): boolean {
  for (let i = 1; i < rows.length; i++) {
    if (orders.get(rows[i - 1]!) > orders.get(rows[i]!)) return false;
  }
  return true;
}
