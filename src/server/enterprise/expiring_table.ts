import type { Clock } from "../../internal/clock.ts";

import { copyText } from "../payload.ts";

/**
 * Storage for an edition's records. They are written at every change, and read once at the start.
 */
export interface Records {
  /** Returns all records of a table, in the order in which the keys were first set. */
  all(table: string): Iterable<readonly [key: string, json: string]>;
  set(table: string, key: string, json: string): void;
  delete(table: string, key: string): void;
}

/**
 * Expired records are removed when the table has this many, and each time the number has doubled
 * since.
 */
const MIN_SWEEP = 1000;

interface Entry<T> {
  /** In ms since 1970. */
  readonly until: number;
  readonly value: T;
}

/** A table of JSON values, each with an expiry time. */
export class ExpiringTable<T> {
  readonly #table: string;
  readonly #clock: Clock;
  readonly #records: Records | undefined;
  readonly #entries = new Map<string, Entry<T>>();
  #sweepAt = MIN_SWEEP;

  constructor(table: string, clock: Clock, records: Records | undefined) {
    this.#table = table;
    this.#clock = clock;
    this.#records = records;
    for (const [key, json] of records?.all(table) ?? []) this.#entries.set(key, JSON.parse(json));
    this.#sweep();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Returns all values that have not expired. */
  values(): T[] {
    const now = this.#clock.now();
    return [...this.#entries.values()].filter(({ until }) => until > now).map(({ value }) => value);
  }

  /** Returns a value. To change it, pass it to `set` again. */
  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > this.#clock.now()) return entry.value;
    this.delete(key);
    return undefined;
  }

  set(key: string, value: T, until: number): void {
    const entry = { until, value };
    this.#entries.set(this.#entries.has(key) ? key : copyText(key), entry);
    this.#records?.set(this.#table, key, JSON.stringify(entry));
    if (this.#entries.size >= this.#sweepAt) this.#sweep();
  }

  /** Removes a value. Returns true if it was there. */
  delete(key: string): boolean {
    if (!this.#entries.delete(key)) return false;
    this.#records?.delete(this.#table, key);
    return true;
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
    this.#sweepAt = MIN_SWEEP;
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const [key, { until }] of this.#entries) if (until <= now) this.delete(key);
    this.#sweepAt = Math.max(MIN_SWEEP, this.#entries.size * 2);
  }
}
