import { StoreError } from "../../errors.ts";
import { type Deferred, deferred } from "../../internal/deferred.ts";
import { atEndOfTurn } from "../../internal/host_timers.ts";
import { isError } from "../../internal/kinds.ts";
import { Changes } from "./changes.ts";
import type { SaveListener, Store, StoredRow } from "./store.ts";

type AddTime = NonNullable<Parameters<Store["add"]>[2]>;

/** Where changes are kept. */
export interface Backend {
  /** The last row that was given. */
  readonly lastRow: number;
  rows(): Iterable<StoredRow>;
  records(table: string): Iterable<readonly [key: string, json: string]>;
  /** Saves all of the changes or none; once it returns or resolves, they survive whatever happens to this machine. */
  commit(changes: Changes): void | Promise<void>;
  close(): void;
}

/** Options of a {@linkcode Journal}. */
export interface JournalOptions {
  /** Calls back once what the server does at this moment is done. @default in a microtask */
  readonly defer?: ((callback: () => void) => void) | undefined;
}

/**
 * A store that saves in groups: everything that changes while one group is on its way to the disk makes up the next, so
 * that under load one write serves many clients.
 *
 * A write that fails is the end: what the server has in memory is then ahead of what is kept, and cannot be taken back.
 */
export class Journal implements Store {
  readonly isDurable = true;
  readonly #backend: Backend;
  readonly #defer: (callback: () => void) => void;
  readonly #listeners = new Set<SaveListener>();
  #onFailure: (error: StoreError) => void = () => {};
  #changes = new Changes();
  /** The number of the group that gathers. */
  #group = 1;
  #lastRow: number;
  /** The number of the group that is on its way to the disk; 0 where none is. */
  #committing = 0;
  /** There while something is saved, or about to be. */
  #saving: Deferred<void> | undefined;
  #failure: StoreError | undefined;
  #isClosed = false;

  constructor(backend: Backend, { defer = atEndOfTurn }: JournalOptions = {}) {
    this.#backend = backend;
    this.#defer = defer;
    this.#lastRow = backend.lastRow;
  }

  /** Calls back when something cannot be saved, at once where that has happened already. */
  whenFailed(callback: (error: StoreError) => void): void {
    this.#onFailure = callback;
    if (this.#failure !== undefined) callback(this.#failure);
  }

  get unsaved(): number {
    if (this.#changes.isTouched || this.#failure !== undefined) return this.#group;
    return this.#committing;
  }

  add(place: string, text: string, { at, owner = "" }: AddTime = { at: 0 }): number {
    const row = ++this.#lastRow;
    if (this.#isChangeable()) this.#changes.add({ row, place, at, owner, text });
    return row;
  }

  remove(row: number): void {
    if (this.#isChangeable()) this.#changes.remove(row);
  }

  clear(): void {
    if (this.#isChangeable()) this.#changes.clear();
  }

  set(table: string, key: string, json: string): void {
    if (this.#isChangeable()) this.#changes.record(table, key, json);
  }

  delete(table: string, key: string): void {
    if (this.#isChangeable()) this.#changes.record(table, key, undefined);
  }

  all(table: string): Iterable<readonly [key: string, json: string]> {
    const records = new Map(this.#changes.isCleared ? [] : this.#backend.records(table));
    for (const [key, json] of this.#changes.of(table)) {
      if (json === undefined) records.delete(key);
      else records.set(key, json);
    }
    return records;
  }

  rows(): Iterable<StoredRow> {
    return this.#backend.rows();
  }

  listen(listener: SaveListener): void {
    // One that comes too late hears of it all the same, but not in the middle of what it does.
    if (this.#failure !== undefined) atEndOfTurn(() => listener.failed(this.#failure!.message));
    else this.#listeners.add(listener);
  }

  forget(listener: SaveListener): void {
    this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving.promise;
    if (!this.#isClosed) {
      this.#isClosed = true;
      try {
        this.#backend.close();
      } catch (cause) {
        this.#failure ??= failureOf(cause);
      }
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Has what is about to change saved; false where there is nobody to do so. */
  #isChangeable(): boolean {
    if (this.#isClosed || this.#failure !== undefined) return false;
    if (this.#saving === undefined) {
      this.#saving = deferred();
      this.#defer(() => void this.#save());
    }
    return true;
  }

  async #save(): Promise<void> {
    const changes = this.#changes;
    const group = this.#committing = this.#group++;
    this.#changes = new Changes();
    try {
      if (!changes.isEmpty) await this.#backend.commit(changes);
    } catch (cause) {
      this.#fail(cause);
    }
    this.#committing = 0;
    if (this.#failure === undefined) {
      for (const listener of [...this.#listeners]) listener.saved(group);
      if (this.#changes.isTouched) return this.#defer(() => void this.#save());
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

function failureOf(cause: unknown): StoreError {
  const reason = isError(cause) ? cause.message : String(cause);
  return new StoreError("WRITE_FAILED", `Cannot save what changed: ${reason}`, { cause });
}
