import { Numbers } from "../numbers.ts";
import type { Hold } from "./places.ts";

/** The worker that has a job, by row. Kept in slots, for the reason given in `Reservations`. */
export class Holds {
  /** The slot of each row, or 0. */
  #rows = new Numbers();
  #slots: (Hold | undefined)[] = [undefined];
  #empty: number[] = [];

  get(row: number): Hold | undefined {
    return row < this.#rows.length ? this.#slots[this.#rows.get(row)] : undefined;
  }

  set(row: number, hold: Hold): void {
    let slot = row < this.#rows.length ? this.#rows.get(row) : 0;
    if (slot === 0) this.#rows.set(row, slot = this.#empty.pop() ?? this.#slots.length);
    this.#slots[slot] = hold;
  }

  delete(row: number): void {
    const slot = row < this.#rows.length ? this.#rows.get(row) : 0;
    if (slot === 0) return;
    this.#rows.set(row, 0);
    this.#slots[slot] = undefined;
    this.#empty.push(slot);
  }

  clear(): void {
    this.#rows = new Numbers();
    this.#slots = [undefined];
    this.#empty = [];
  }
}
