import type { JobArena } from "../job_arena.ts";
import type { Hold, KeptJobs } from "./kept.ts";

/** Hears of what was saved. */
export interface SaveListener {
  /** All changes of this group and of those before are saved. */
  saved(group: number): void;
  /** Nothing more will be saved. */
  failed(reason: string): void;
}

/**
 * What keeps a server's state. The server works on its own structures in memory, and tells of every
 * change; what is kept is read once, at the start. A job is named by its row in the arena.
 */
export interface Store {
  /** False where nothing is kept, so that what is only kept need not be made. */
  readonly isDurable: boolean;
  /**
   * The group of changes that has to be saved before a reply to what was done up to now may leave;
   * 0 where all is saved. Later groups have larger numbers.
   */
  readonly unsaved: number;
  /** The jobs' bytes, with those of the jobs that were kept; none where nothing is kept. */
  readonly arena: JobArena | undefined;
  /** The jobs that were there at the start. */
  readonly jobs: KeptJobs | undefined;
  /** A job of the arena comes to a place, behind all that is there. */
  add(row: number, place: string, hold?: Hold): void;
  /** A worker has a job of a queue from now on, or may keep one for longer. */
  reserve(row: number, hold: Hold): void;
  /** A job leaves its place. */
  remove(row: number): void;
  /**
   * Every job leaves a place. Then `removed` is called with each row, and `placeRemoved` behind the
   * last.
   */
  removePlace(place: string): void;
  removed(row: number): void;
  placeRemoved(): void;
  /** Takes every job out of its place, and drops every record. */
  clear(): void;
  /** Keeps a record: `json` under a `key` of a `table`, both of any name. */
  set(table: string, key: string, json: string): void;
  /** Drops a record, if it is there. */
  delete(table: string, key: string): void;
  /**
   * The records that a table had at the start, in the order in which they were first set. They are
   * given once.
   */
  all(table: string): Iterable<readonly [key: string, json: string]>;
  /** Calls back from now on; `forget` ends it. */
  listen(listener: SaveListener): void;
  forget(listener: SaveListener): void;
  /** Saves all changes, then lets go of what it holds. */
  close(): Promise<void>;
}

/** Keeps nothing. */
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
  listen() {},
  forget() {},
  close: () => Promise.resolve(),
};
