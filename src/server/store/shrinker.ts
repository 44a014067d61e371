import type { Database, Statement } from "./sqlite_module.ts";

/** A page of SQLite's has 4 KiB: up to 16 MiB are kept for what comes next. */
const MIN_FREE_PAGES = 4096;

/** It begins where this part of the file is free, and ends where this part of what is used is. */
const BEGIN_FREE = 1 / 2;
const KEPT_FREE = 1 / 8;

/** How much is given back in a step, which takes some milliseconds. */
const STEP_PAGES = 512;

/** Between two steps, and between two looks, in milliseconds. */
const STEP_MS = 50;
const LOOK_MS = 1000;

/** Calls back later, unless the function that it returns is called before. */
export type After = (ms: number, callback: () => void) => () => void;

/** Gives the disk back what a data file does not need any more, a little at a time. */
export class Shrinker {
  readonly #database: Database;
  readonly #after: After;
  readonly #step: () => void;
  readonly #free: Statement;
  readonly #pages: Statement;
  #cancelTimer: (() => void) | undefined;
  #isShrinking = false;

  /** `step` surrounds each step: it calls `vacuum`. */
  constructor(database: Database, after: After, step: (vacuum: () => void) => void) {
    this.#database = database;
    this.#after = after;
    this.#free = database.prepare("PRAGMA freelist_count");
    this.#pages = database.prepare("PRAGMA page_count");
    this.#step = () => step(() => this.#vacuum());
  }

  /** Has the file looked at within a second. */
  touched(): void {
    this.#cancelTimer ??= this.#after(LOOK_MS, () => this.#look());
  }

  close(): void {
    this.#cancelTimer?.();
  }

  #look(): void {
    this.#cancelTimer = undefined;
    const free = count(this.#free);
    const used = count(this.#pages) - free;
    this.#isShrinking = this.#isShrinking
      ? free > Math.max(used * KEPT_FREE, STEP_PAGES)
      : free > MIN_FREE_PAGES && free > (used + free) * BEGIN_FREE;
    if (!this.#isShrinking) return;
    this.#step();
    this.#cancelTimer = this.#after(STEP_MS, () => this.#look());
  }

  #vacuum(): void {
    this.#database.prepare(`PRAGMA incremental_vacuum(${STEP_PAGES})`).all();
    // Each step goes into the file for itself: to cut off much at once takes the system long.
    this.#database.prepare("PRAGMA wal_checkpoint(PASSIVE)").all();
  }
}

function count(statement: Statement): number {
  return Number(Object.values(statement.all()[0] ?? {})[0]);
}
