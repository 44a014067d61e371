import type { JobArena } from "../job_arena.ts";
import type { Hold, RestoredJobs } from "./places.ts";

/** A listener that is notified when changes are saved. */
export interface SaveListener {
  /** Called when all changes of this group and of earlier ones are saved. */
  saved(group: number): void;
  /** Called when saving has failed. Nothing more will be saved. */
  failed(reason: string): void;
}

/**
 * Storage of a server's state. The server works on its own structures in memory and reports every
 * change to the store. Stored data are read once, at the start. A job is identified by its row in
 * the arena.
 */
export interface Store {
  /** False if nothing is stored, so that callers can skip work for the store. */
  readonly isDurable: boolean;
  /**
   * Number of the group of changes that must be saved before a reply to the last command may be
   * sent, or 0 if all is saved. Later groups have larger numbers.
   */
  readonly unsaved: number;
  /** The bytes of the jobs, including the stored ones. `undefined` if nothing is stored. */
  readonly arena: JobArena | undefined;
  /** The jobs that were stored at the start. */
  readonly jobs: RestoredJobs | undefined;
  /** Adds a job of the arena to the end of a place. */
  add(row: number, place: string, hold?: Hold): void;
  /** A worker takes a job from a queue, or extends its reservation. */
  reserve(row: number, hold: Hold): void;
  /** Removes a job from its place. */
  remove(row: number): void;
  /**
   * Removes all jobs from a place. The caller then calls `removed` for each row, and `placeRemoved`
   * after the last.
   */
  removePlace(place: string): void;
  removed(row: number): void;
  placeRemoved(): void;
  /** Removes all jobs and all records. */
  clear(): void;
  /** Sets a record: `json` under a `key` of a `table`. Both may be any text. */
  set(table: string, key: string, json: string): void;
  /** Deletes a record, if it exists. */
  delete(table: string, key: string): void;
  /**
   * Returns the records that a table had at the start, in the order in which they were first set.
   * Each table can be read once.
   */
  all(table: string): Iterable<readonly [key: string, json: string]>;
  /** Starts notifying a listener, until `removeListener` is called. */
  addListener(listener: SaveListener): void;
  removeListener(listener: SaveListener): void;
  /** Saves all changes and closes the store. */
  close(): Promise<void>;
}

/** A store that stores nothing. */
export const nullStore: Store = {
  isDurable: false,
  unsaved: 0,
  arena: undefined,
  jobs: undefined,
  add() {},
  reserve() {},
  remove() {},
  removePlace() {},
  removed() {},
  placeRemoved() {},
  clear() {},
  set() {},
  delete() {},
  all: () => [],
  addListener() {},
  removeListener() {},
  close: () => Promise.resolve(),
};
