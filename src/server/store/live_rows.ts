import { Numbers } from "../numbers.ts";
import type { Segment } from "./segment.ts";

/** The position of each row's latest record in the log. Earlier records are not needed. */
export class LiveRows {
  readonly #segments = new Map<number, Segment>();
  #numbers = new Numbers();
  #offsets = new Numbers();
  #sizes = new Numbers();

  /** Sets the position of a row's record. */
  set(row: number, segment: Segment, { offset, size }: { offset: number; size: number }): void {
    this.clear(row);
    if (!this.#segments.has(segment.number)) this.#segments.set(segment.number, segment);
    this.#numbers.set(row, segment.number);
    this.#offsets.set(row, offset);
    this.#sizes.set(row, size);
    segment.live += size;
  }

  /** Removes a row. */
  clear(row: number): void {
    if (row >= this.#numbers.length) return;
    const segment = this.#segments.get(this.#numbers.get(row));
    if (segment === undefined) return;
    segment.live -= this.#sizes.get(row);
    this.#numbers.set(row, 0);
  }

  /** Returns true if the row needs the record at this position. */
  isAt(row: number, segment: Segment, offset: number): boolean {
    return row < this.#numbers.length && this.#numbers.get(row) === segment.number &&
      this.#offsets.get(row) === offset;
  }

  /** Removes all rows. */
  clearAll(): void {
    for (const segment of this.#segments.values()) segment.live = 0;
    this.#segments.clear();
    [this.#numbers, this.#offsets, this.#sizes] = [new Numbers(), new Numbers(), new Numbers()];
  }

  /** Replaces the segment with the same number. */
  replace(segment: Segment): void {
    this.#segments.set(segment.number, segment);
  }

  /** Removes a segment. */
  remove(segment: Segment): void {
    this.#segments.delete(segment.number);
  }
}
