import { StoreError } from "../../errors.ts";
import { type Deferred, deferred } from "../../internal/deferred.ts";
import { atEndOfTurn } from "../../internal/host_timers.ts";
import { isError } from "../../internal/kinds.ts";
import type { JobArena } from "../job_arena.ts";
import type { Hold, RestoredJobs } from "./places.ts";
import type { SaveListener, Store } from "./store.ts";

/**
 * Storage for changes. It receives them as they happen. {@linkcode Backend.commit} saves all
 * changes since the last commit.
 */
export interface Backend {
  readonly arena: JobArena;
  /** The jobs that were stored at the start. */
  readonly jobs: RestoredJobs;
  /** True if there is work even without changes, such as cleaning. */
  readonly hasWork: boolean;
  /** Calls back when there is new work. */
  whenWork(callback: () => void): void;
  /** Returns the records that were stored at the start. Each table can be read once. */
  records(table: string): Iterable<readonly [key: string, json: string]>;
  add(row: number, place: string, hold: Hold): void;
  reserve(row: number, hold: Hold): void;
  remove(row: number): void;
  removePlace(place: string): void;
  removed(row: number): void;
  placeRemoved(): void;
  clear(): void;
  record(table: string, key: string, json: string | undefined): void;
  /**
   * Saves all changes or none. When it returns or resolves, they survive a crash of the machine.
   */
  commit(): void | Promise<void>;
  close(): void | Promise<void>;
  /** Closes everything without saving. */
  abandon(): void;
}

/** Options of a {@linkcode GroupCommit}. */
export interface GroupCommitOptions {
  /** Calls back at the end of the current work. @default in a microtask */
  readonly defer?: ((callback: () => void) => void) | undefined;
}

/**
 * A store that saves in groups. All changes that happen while a group is being written form the
 * next group, so under load one write serves many clients.
 *
 * After a failed write, the store is unusable: the state in memory is then ahead of the disk and
 * cannot be rolled back.
 */
export class GroupCommit implements Store {
  readonly isDurable = true;
  readonly #backend: Backend;
  readonly #defer: (callback: () => void) => void;
  readonly #listeners = new Set<SaveListener>();
  #onFailure: (error: StoreError) => void = () => {};
  /** True if something changed since the last group began. */
  #hasChanges = false;
  /** The number of the group that collects changes. */
  #group = 1;
  /** The number of the group that is being written, or 0. */
  #committing = 0;
  /** Set while something is saved or about to be saved. */
  #saving: Deferred<void> | undefined;
  #failure: StoreError | undefined;
  #isClosing = false;
  #isClosed = false;

  constructor(backend: Backend, { defer = atEndOfTurn }: GroupCommitOptions = {}) {
    this.#backend = backend;
    this.#defer = defer;
    backend.whenWork(() => void this.#isChangeable());
  }

  /** Calls back when a save fails, immediately if one already has. */
  whenFailed(callback: (error: StoreError) => void): void {
    this.#onFailure = callback;
    if (this.#failure !== undefined) callback(this.#failure);
  }

  get unsaved(): number {
    if (this.#hasChanges || this.#failure !== undefined) return this.#group;
    return this.#committing;
  }

  get arena(): JobArena {
    return this.#backend.arena;
  }

  get jobs(): RestoredJobs {
    return this.#backend.jobs;
  }

  add(row: number, place: string, hold: Hold = NO_HOLD): void {
    if (this.#markChanged()) this.#backend.add(row, place, hold);
  }

  reserve(row: number, hold: Hold): void {
    if (this.#markChanged()) this.#backend.reserve(row, hold);
  }

  remove(row: number): void {
    if (this.#markChanged()) this.#backend.remove(row);
  }

  removePlace(place: string): void {
    if (this.#markChanged()) this.#backend.removePlace(place);
  }

  removed(row: number): void {
    this.#backend.removed(row);
  }

  placeRemoved(): void {
    this.#backend.placeRemoved();
    this.#isChangeable();
  }

  clear(): void {
    if (this.#markChanged()) this.#backend.clear();
  }

  set(table: string, key: string, json: string): void {
    if (this.#markChanged()) this.#backend.record(table, key, json);
  }

  delete(table: string, key: string): void {
    if (this.#markChanged()) this.#backend.record(table, key, undefined);
  }

  all(table: string): Iterable<readonly [key: string, json: string]> {
    return this.#backend.records(table);
  }

  addListener(listener: SaveListener): void {
    // After a failure, a new listener is called too, but only after its current work.
    if (this.#failure !== undefined) atEndOfTurn(() => listener.failed(this.#failure!.message));
    else this.#listeners.add(listener);
  }

  removeListener(listener: SaveListener): void {
    this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    while (this.#saving !== undefined) await this.#saving.promise;
    if (!this.#isClosed) {
      this.#isClosed = true;
      try {
        if (this.#failure === undefined) await this.#backend.close();
        else this.#backend.abandon();
      } catch (cause) {
        this.#failure ??= failureOf(cause);
      }
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Marks a change. Returns true unless the store is closed or has failed. */
  #markChanged(): boolean {
    return this.#isChangeable() && (this.#hasChanges = true);
  }

  /** Schedules a save. Returns true unless the store is closed or has failed. */
  #isChangeable(): boolean {
    if (this.#isClosed || this.#failure !== undefined) return false;
    if (this.#saving === undefined) {
      this.#saving = deferred();
      this.#defer(() => void this.#save());
    }
    return true;
  }

  async #save(): Promise<void> {
    const group = this.#committing = this.#group++;
    this.#hasChanges = false;
    try {
      await this.#backend.commit();
    } catch (cause) {
      this.#fail(cause);
    }
    this.#committing = 0;
    if (this.#failure === undefined) {
      for (const listener of [...this.#listeners]) listener.saved(group);
      const isMore = this.#hasChanges || !this.#isClosing && this.#backend.hasWork;
      if (isMore) return this.#defer(() => void this.#save());
    }
    this.#saving?.resolve();
    this.#saving = undefined;
  }

  #fail(cause: unknown): void {
    const error = this.#failure = failureOf(cause);
    for (const listener of [...this.#listeners]) listener.failed(error.message);
    this.#listeners.clear();
    this.#onFailure(error);
  }
}

/** The hold of a job without a worker. */
const NO_HOLD: Hold = { at: 0, owner: "" };

function failureOf(cause: unknown): StoreError {
  const reason = isError(cause) ? cause.message : String(cause);
  return new StoreError("WRITE_FAILED", `Cannot save the changes: ${reason}`, { cause });
}
