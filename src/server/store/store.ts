/** A job in a place that is kept: a queue, a set, or with its worker. */
export interface StoredRow {
  /** Names it; a later one is larger. */
  readonly row: number;
  /** `queue/NAME`, `scheduled`, `retries`, `dead` or `working`. */
  readonly place: string;
  /** Milliseconds since 1970; 0 in a queue. */
  readonly at: number;
  /** Of a job with its worker, the worker's id. */
  readonly owner: string;
  /** The job, in JSON. */
  readonly text: string;
}

/** Hears of what was saved. */
export interface SaveListener {
  /** All changes of this group and of those before are saved. */
  saved(group: number): void;
  /** Nothing more will be saved. */
  failed(reason: string): void;
}

/**
 * What keeps a server's state. The server works on its own structures in memory, and tells of every change; what is kept is
 * read once, at the start.
 */
export interface Store {
  /** False where nothing is kept, so that what is only kept need not be made. */
  readonly isDurable: boolean;
  /**
   * The group of changes that has to be saved before a reply to what was done up to now may leave; 0 where all is saved.
   * Later groups have larger numbers.
   */
  readonly unsaved: number;
  /** Puts a job into a place, behind all that is there; gives its row. */
  add(place: string, text: string, time?: { readonly at: number; readonly owner?: string }): number;
  /** Takes a job out of its place. */
  remove(row: number): void;
  /** Takes every job out of its place, and drops every record. */
  clear(): void;
  /** Keeps a record: `json` under a `key` of a `table`, both of any name. */
  set(table: string, key: string, json: string): void;
  /** Drops a record, if it is there. */
  delete(table: string, key: string): void;
  /** The records of a table, in the order in which they were first set. */
  all(table: string): Iterable<readonly [key: string, json: string]>;
  /** The jobs that were there at the start, in the order of their rows. */
  rows(): Iterable<StoredRow>;
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
  add: () => 0,
  remove() {},
  clear() {},
  set() {},
  delete() {},
  all: () => [],
  rows: () => [],
  listen() {},
  forget() {},
  close: () => Promise.resolve(),
};
