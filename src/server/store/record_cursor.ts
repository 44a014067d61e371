import { textOf } from "../go/text.ts";
import { LargeJob, RawJson } from "../payload.ts";
import {
  ADD_HEAD,
  GROUP_HEAD,
  LARGE_HEAD,
  Op,
  PLACE_HEAD,
  readGroupHead,
  REMOVE_BYTES,
  REMOVE_PLACE_BYTES,
  RESERVE_HEAD,
  SEGMENT_HEAD,
  SET_HEAD,
  TIME_BYTES,
  TRIM_BYTES,
} from "./layout.ts";

/**
 * Iterates over the records of a segment, group by group. Its fields are those of the current
 * record.
 */
export class RecordCursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #next: number;
  #groupEnd: number;
  readonly #end: number;
  /** The record's kind, one of `Op`. */
  op = 0;
  /** The record's start and length. */
  recordStart = 0;
  recordLength = 0;
  row = 0;
  /** The number of a place in this segment. */
  place = 0;
  order = 0;
  at = 0;
  /** Start and length of the job's bytes. */
  start = 0;
  length = 0;
  #ownerAt = 0;
  #ownerLength = 0;
  #texts: readonly number[] = [];

  /** `end` is the end of the last complete group. */
  constructor(bytes: Uint8Array, end: number) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#next = this.#groupEnd = SEGMENT_HEAD;
    this.#end = end;
  }

  /** Moves to the next record. Returns true if there is one. */
  next(): boolean {
    const view = this.#view;
    let at = this.#next;
    for (;;) {
      if (at >= this.#groupEnd) {
        if (at >= this.#end) return false;
        this.#groupEnd = at + GROUP_HEAD + readGroupHead(view, at)!.length;
        at += GROUP_HEAD;
        continue;
      }
      this.op = this.bytes[at]!;
      if (this.op !== 0) break;
      at++;
    }
    this.recordStart = at;
    this.#next = this.#read(view, at);
    this.recordLength = this.#next - at;
    return true;
  }

  /** The worker that has reserved the job. */
  get owner(): string {
    return this.#text(this.#ownerAt, this.#ownerLength);
  }

  /** The table, key and value of a record, or the name of a place. */
  get texts(): string[] {
    let at = this.start;
    return this.#texts.map((length) => {
      const text = this.#text(at, length);
      at += length;
      return text;
    });
  }

  get largeJob(): LargeJob {
    const view = this.#view;
    const [head, args, tail] = [0, 4, 8].map((field) => view.getUint32(this.start + field, true));
    let at = this.start + LARGE_HEAD;
    const text = (length: number) => this.#text((at += length) - length, length);
    const sum = text(this.bytes[this.start + 12]!);
    const before = text(head!);
    const behind = text(tail!);
    at += this.bytes[this.start + 13]!;
    return new LargeJob(before, new RawJson(this.bytes.slice(at, at + args!), sum), behind);
  }

  /** Reads the fields. Returns the end of the record. */
  #read(view: DataView, at: number): number {
    switch (this.op) {
      case Op.add:
      case Op.addLarge:
        this.row = view.getUint32(at + 1, true);
        this.place = view.getUint32(at + 5, true);
        this.order = view.getFloat64(at + 9, true);
        this.#ownerLength = view.getUint16(at + 17, true);
        this.length = view.getUint32(at + 19, true);
        this.#ownerAt = at + ADD_HEAD;
        this.start = this.#ownerAt + this.#ownerLength + TIME_BYTES;
        this.at = view.getFloat64(this.start - TIME_BYTES, true);
        return this.start + this.length;
      case Op.reserve:
        this.row = view.getUint32(at + 1, true);
        this.at = view.getFloat64(at + 5, true);
        this.#ownerLength = view.getUint16(at + 13, true);
        this.#ownerAt = at + RESERVE_HEAD;
        return this.#ownerAt + this.#ownerLength;
      case Op.remove:
        this.row = view.getUint32(at + 1, true);
        return at + REMOVE_BYTES;
      case Op.set:
        this.row = view.getUint32(at + 1, true);
        this.start = at + SET_HEAD;
        this.#texts = [
          view.getUint16(at + 5, true),
          view.getUint32(at + 7, true),
          view.getUint32(at + 11, true),
        ];
        return this.start + this.#texts.reduce((sum, length) => sum + length, 0);
      case Op.place:
        this.place = view.getUint32(at + 1, true);
        this.start = at + PLACE_HEAD;
        this.#texts = [view.getUint16(at + 5, true)];
        return this.start + this.#texts[0]!;
      case Op.removePlace:
        this.place = view.getUint32(at + 1, true);
        this.order = view.getFloat64(at + 5, true);
        return at + REMOVE_PLACE_BYTES;
      case Op.trim:
        this.row = view.getUint32(at + 1, true);
        return at + TRIM_BYTES;
      case Op.clear:
        return at + 1;
      default:
        throw new RangeError(`unknown record kind: ${this.op}`);
    }
  }

  #text(at: number, length: number): string {
    return length === 0 ? "" : textOf(this.bytes.subarray(at, at + length));
  }
}
