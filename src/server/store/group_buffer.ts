import { bytesOf } from "../go/text.ts";
import type { LargeJob } from "../payload.ts";
import {
  ADD_HEAD,
  GROUP_HEAD,
  LARGE_HEAD,
  Op,
  PLACE_HEAD,
  REMOVE_BYTES,
  REMOVE_PLACE_BYTES,
  RESERVE_HEAD,
  SET_HEAD,
  TIME_BYTES,
  TRIM_BYTES,
} from "./layout.ts";

/** First buffer of a group, and the largest that is reused, in bytes. */
const FIRST_BUFFER = 16 * 1024;
const MAX_BUFFER = 1024 * 1024;

const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array(0);
const EMPTY_VIEW = new DataView(EMPTY.buffer);

/** The fields of a job's record. */
export interface JobRecord {
  readonly row: number;
  /** The number of the place in this segment. */
  readonly place: number;
  readonly order: number;
  readonly at: number;
  readonly owner: string;
}

/**
 * Bytes of the next group. Each method that writes a record returns its offset in the group.
 */
export class GroupBuffer {
  #parts: Uint8Array[] = [];
  #bytes = new Uint8Array(FIRST_BUFFER);
  #view = new DataView(this.#bytes.buffer);
  /** Position of the next record in the last part, and the bytes in the parts before. */
  #at = GROUP_HEAD;
  #before = 0;
  /** An unused buffer. */
  #spare = EMPTY;

  get isEmpty(): boolean {
    return this.#before + this.#at === GROUP_HEAD;
  }

  /** Length in bytes, including the head. */
  get length(): number {
    return this.#before + this.#at;
  }

  add({ row, place, order, at, owner }: JobRecord, bytes: Uint8Array): number {
    return this.#add(Op.add, { row, place, order, at, owner }, bytes.length, (start) => {
      this.#bytes.set(bytes, start);
      return start + bytes.length;
    });
  }

  addLarge(record: JobRecord, { head, args, tail }: LargeJob): number {
    const [before, behind, sum] = [bytesOf(head), bytesOf(tail), bytesOf(args.sum)];
    const fixed = LARGE_HEAD + sum.length + before.length + behind.length;
    const owner = bytesOf(record.owner);
    const head0 = ADD_HEAD + owner.length + TIME_BYTES;
    // The arguments become a part of their own, without a copy, so they must be aligned.
    this.#room(head0 + fixed + 8);
    const gap = -(this.#at + head0 + fixed) & 7;
    const length = fixed + gap + args.bytes.length;
    const position = this.#add(Op.addLarge, record, length, (start) => {
      const view = this.#view;
      view.setUint32(start, before.length, true);
      view.setUint32(start + 4, args.bytes.length, true);
      view.setUint32(start + 8, behind.length, true);
      this.#bytes[start + 12] = sum.length;
      this.#bytes[start + 13] = gap;
      let at = start + LARGE_HEAD;
      for (const bytes of [sum, before, behind]) {
        this.#bytes.set(bytes, at);
        at += bytes.length;
      }
      this.#bytes.fill(0, at, at + gap);
      return at + gap;
    }, fixed + 8);
    const whole = args.bytes.length & ~7;
    this.#push(args.bytes.subarray(0, whole));
    this.#put(args.bytes.subarray(whole));
    return position;
  }

  reserve(row: number, at: number, owner: string): number {
    const name = bytesOf(owner);
    const start = this.#room(RESERVE_HEAD + name.length);
    const view = this.#view;
    this.#bytes[start] = Op.reserve;
    view.setUint32(start + 1, row, true);
    view.setFloat64(start + 5, at, true);
    view.setUint16(start + 13, name.length, true);
    this.#bytes.set(name, start + RESERVE_HEAD);
    return this.#done(start, start + RESERVE_HEAD + name.length);
  }

  remove(row: number): number {
    const start = this.#room(REMOVE_BYTES);
    this.#bytes[start] = Op.remove;
    this.#view.setUint32(start + 1, row, true);
    return this.#done(start, start + REMOVE_BYTES);
  }

  set(row: number, texts: readonly [table: string, key: string, json: string]): number {
    const [table, key, json] = texts.map(bytesOf) as [Uint8Array, Uint8Array, Uint8Array];
    const start = this.#room(SET_HEAD + table.length + key.length + json.length);
    const view = this.#view;
    this.#bytes[start] = Op.set;
    view.setUint32(start + 1, row, true);
    view.setUint16(start + 5, table.length, true);
    view.setUint32(start + 7, key.length, true);
    view.setUint32(start + 11, json.length, true);
    let at = start + SET_HEAD;
    for (const bytes of [table, key, json]) {
      this.#bytes.set(bytes, at);
      at += bytes.length;
    }
    return this.#done(start, at);
  }

  place(place: number, name: string): number {
    const bytes = bytesOf(name);
    const start = this.#room(PLACE_HEAD + bytes.length);
    this.#bytes[start] = Op.place;
    this.#view.setUint32(start + 1, place, true);
    this.#view.setUint16(start + 5, bytes.length, true);
    this.#bytes.set(bytes, start + PLACE_HEAD);
    return this.#done(start, start + PLACE_HEAD + bytes.length);
  }

  removePlace(place: number, order: number): number {
    const start = this.#room(REMOVE_PLACE_BYTES);
    this.#bytes[start] = Op.removePlace;
    this.#view.setUint32(start + 1, place, true);
    this.#view.setFloat64(start + 5, order, true);
    return this.#done(start, start + REMOVE_PLACE_BYTES);
  }

  trim(oldest: number): number {
    const start = this.#room(TRIM_BYTES);
    this.#bytes[start] = Op.trim;
    this.#view.setUint32(start + 1, oldest, true);
    return this.#done(start, start + TRIM_BYTES);
  }

  /** Writes a record without fields. */
  mark(op: number): number {
    const start = this.#room(1);
    this.#bytes[start] = op;
    return this.#done(start, start + 1);
  }

  /**
   * Empties the buffer. Returns its parts, whose lengths are multiples of eight bytes. The first
   * begins with room for the head.
   */
  take(): Uint8Array[] {
    this.#close();
    const parts = this.#parts;
    this.#parts = [];
    this.#before = 0;
    this.#at = GROUP_HEAD;
    return parts;
  }

  /** Recycles the first part after all parts were written. */
  reuse(part: Uint8Array): void {
    const buffer = part.buffer as ArrayBuffer;
    if (buffer.byteLength <= MAX_BUFFER && buffer.byteLength >= this.#spare.length) {
      this.#spare = new Uint8Array(buffer);
    }
  }

  #add(
    op: number,
    { row, place, order, at, owner }: JobRecord,
    length: number,
    write: (start: number) => number,
    room = length,
  ): number {
    const name = owner === "" ? EMPTY : bytesOf(owner);
    const start = this.#room(ADD_HEAD + name.length + TIME_BYTES + room);
    const view = this.#view;
    this.#bytes[start] = op;
    view.setUint32(start + 1, row, true);
    view.setUint32(start + 5, place, true);
    view.setFloat64(start + 9, order, true);
    view.setUint16(start + 17, name.length, true);
    view.setUint32(start + 19, length, true);
    this.#bytes.set(name, start + ADD_HEAD);
    const time = start + ADD_HEAD + name.length;
    view.setFloat64(time, at, true);
    return this.#done(start, write(time + TIME_BYTES));
  }

  #done(start: number, end: number): number {
    this.#at = end;
    return this.#before + start;
  }

  /** Copies bytes of any length. */
  #put(bytes: Uint8Array): void {
    const start = this.#room(bytes.length);
    this.#bytes.set(bytes, start);
    this.#at += bytes.length;
  }

  /** Makes room for bytes in one part. Returns their offset in it. */
  #room(bytes: number): number {
    if (this.#bytes.length - this.#at >= bytes) return this.#at;
    const size = Math.min(Math.max(this.#bytes.length * 2, FIRST_BUFFER), MAX_BUFFER);
    // The head of the group is in its first part.
    const isFirst = this.#before + this.#at === GROUP_HEAD;
    if (!isFirst) this.#close();
    const needed = bytes + GROUP_HEAD;
    if (this.#spare.length >= needed) {
      this.#bytes = this.#spare;
      this.#spare = EMPTY;
    } else {
      this.#bytes = new Uint8Array((Math.max(size, needed) + 7) & ~7);
    }
    this.#view = new DataView(this.#bytes.buffer);
    return this.#at = isFirst ? GROUP_HEAD : 0;
  }

  /** Adds bytes as a part, without copying. Their number must be a multiple of eight. */
  #push(bytes: Uint8Array): void {
    if (this.#at % 8 !== 0) throw new RangeError("the part before is not aligned");
    const [rest, view] = [this.#bytes.subarray(this.#at), this.#view];
    this.#close();
    this.#parts.push(bytes);
    this.#before += bytes.length;
    // The rest of the buffer becomes the next part.
    this.#bytes = rest;
    this.#view = new DataView(view.buffer, rest.byteOffset, rest.length);
  }

  /** Ends the last part. */
  #close(): void {
    const end = (this.#at + 7) & ~7;
    this.#bytes.fill(0, this.#at, end);
    if (end > 0) this.#parts.push(this.#bytes.subarray(0, end));
    this.#before += end;
    this.#at = 0;
    this.#bytes = EMPTY;
    this.#view = EMPTY_VIEW;
  }
}
