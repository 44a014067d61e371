import type { StoredRow } from "./store.ts";

/** A record that changed; without `json` it is gone. */
export interface RecordChange {
  readonly table: string;
  readonly key: string;
  readonly json: string | undefined;
}

/** Changes that are saved together. What was put somewhere and taken out again leaves no trace. */
export class Changes {
  /** Every job and record of before is gone. */
  isCleared = false;
  readonly added = new Map<number, StoredRow>();
  readonly removed: number[] = [];
  readonly #records = new Map<string, Map<string, string | undefined>>();
  #isTouched = false;

  /** Whether anything happened at all, be it undone since. */
  get isTouched(): boolean {
    return this.#isTouched;
  }

  /** Whether there is anything to save. */
  get isEmpty(): boolean {
    return !this.isCleared && this.added.size === 0 && this.removed.length === 0 &&
      this.#records.size === 0;
  }

  add(row: StoredRow): void {
    this.#isTouched = true;
    this.added.set(row.row, row);
  }

  remove(row: number): void {
    this.#isTouched = true;
    if (!this.added.delete(row)) this.removed.push(row);
  }

  clear(): void {
    this.#isTouched = this.isCleared = true;
    this.added.clear();
    this.removed.length = 0;
    this.#records.clear();
  }

  record(table: string, key: string, json: string | undefined): void {
    this.#isTouched = true;
    let records = this.#records.get(table);
    if (records === undefined) this.#records.set(table, records = new Map());
    records.set(key, json);
  }

  /** The records of a table that changed. */
  of(table: string): ReadonlyMap<string, string | undefined> {
    return this.#records.get(table) ?? new Map();
  }

  /** Every record that changed. */
  *records(): IterableIterator<RecordChange> {
    for (const [table, records] of this.#records) {
      for (const [key, json] of records) yield { table, key, json };
    }
  }
}
