import { isQueueName } from "../job/queue_name.ts";
import { GoError } from "./go/error.ts";
import type { JobArena } from "./job_arena.ts";
import { JobQueue } from "./job_queue.ts";
import { copyText, type Payload } from "./payload.ts";
import type { Work } from "./slices.ts";
import { QUEUE_PLACE } from "./store/places.ts";
import { nullStore, type Store } from "./store/store.ts";

/** The store's table for this data. */
const TABLE = "queues";

/** Rows freed between two yields. */
const FREE_AT_ONCE = 1024;

/** Jobs that are searched between two yields. */
const SEARCH_AT_ONCE = 256;

/** A job that was taken from a queue or passed directly to a worker. */
export interface TakenJob {
  readonly row: number;
  readonly payload: Payload;
  /** True if the job is in the store. */
  readonly isStored: boolean;
}

/** A job that was found in a queue. */
export interface QueuedJob {
  readonly row: number;
  readonly payload: Payload;
}

/** A FETCH that waits for a job of any of its queues. */
export interface Waiter {
  /** Receives the job. A job that it does not use is dropped. */
  take(job: TakenJob): void;
}

/** A queue with its name. */
interface NamedQueue {
  readonly name: string;
  readonly jobs: JobQueue;
}

/** The queues, their jobs, and the FETCHes that wait for them. */
export class Queues {
  readonly #queues = new Map<string, JobQueue>();
  /** Waiting FETCHes by queue name, the oldest first. Waiting for a queue does not create it. */
  readonly #waiters = new Map<string, Set<Waiter>>();
  /** Not changed by FLUSH, as on the reference server. */
  readonly #paused = new Set<string>();
  readonly #store: Store;
  readonly #arena: JobArena;
  /** The queues sorted by name. Reset when a queue is added or removed. */
  #sorted: readonly NamedQueue[] | undefined;

  constructor(arena: JobArena, store: Store = nullStore) {
    this.#arena = arena;
    this.#store = store;
    for (const [name, json] of store.all(TABLE)) {
      this.#create(name);
      if (JSON.parse(json).paused) this.#paused.add(name);
    }
  }

  /** Adds stored jobs to a queue. */
  restore(name: string, rows: readonly number[]): void {
    const queue = this.#queues.get(name) ?? this.#create(name);
    for (const row of rows) queue.push(row);
  }

  /** Passes the job to the FETCH that has waited longest, otherwise queues it. */
  push(name: string, payload: Payload): void {
    const queue = this.#getOrCreate(name);
    const row = this.#arena.add(payload);
    const waiters = this.#waiters.get(name);
    if (waiters !== undefined) {
      for (const waiter of waiters) return waiter.take({ row, payload, isStored: false });
    }
    this.#store.add(row, QUEUE_PLACE + name);
    queue.push(row);
  }

  /** Takes the oldest job of the first queue that has one. */
  pop(names: readonly string[]): TakenJob | undefined {
    for (const name of names) {
      const row = this.#queues.get(name)?.shift();
      if (row !== undefined) return { row, payload: this.#arena.read(row), isStored: true };
    }
    return undefined;
  }

  /** Takes the first job that matches out of these queues, at any position, and removes it. */
  take(
    names: readonly string[],
    matches: (payload: Payload) => boolean,
  ): Payload | undefined {
    for (const name of names) {
      const row = this.#queues.get(name)?.take((row) => matches(this.#arena.read(row)));
      if (row === undefined) continue;
      const payload = this.#arena.read(row);
      this.#store.remove(row);
      this.#arena.free(row);
      return payload;
    }
    return undefined;
  }

  /**
   * Searches a copy of the queue, and returns the first `max` jobs that match. Skips jobs that left
   * the queue during the search.
   */
  *search(
    name: string,
    matches: (payload: Payload) => boolean,
    max: number,
  ): Work<readonly QueuedJob[]> {
    const found: QueuedJob[] = [];
    for (const [i, row] of (this.#queues.get(name)?.rows() ?? []).entries()) {
      if (this.#arena.has(row)) {
        const payload = this.#arena.read(row);
        if (matches(payload) && found.push({ row, payload }) === max) break;
      }
      if (i % SEARCH_AT_ONCE === SEARCH_AT_ONCE - 1) yield;
    }
    return found;
  }

  /** Takes a job out of a queue, at any position. Returns true if it was there. */
  drop(name: string, row: number): boolean {
    if (this.#queues.get(name)?.remove(row) !== true) return false;
    this.#store.remove(row);
    this.#arena.free(row);
    return true;
  }

  /** Registers `waiter` for the next jobs of these queues. */
  wait(names: readonly string[], waiter: Waiter): void {
    for (const name of names) {
      const waiters = this.#waiters.get(name);
      if (waiters === undefined) this.#waiters.set(name, new Set([waiter]));
      else waiters.add(waiter);
    }
  }

  /** Ends {@linkcode Queues.wait}. */
  stopWaiting(names: readonly string[], waiter: Waiter): void {
    for (const name of names) {
      const waiters = this.#waiters.get(name);
      waiters?.delete(waiter);
      if (waiters?.size === 0) this.#waiters.delete(name);
    }
  }

  /** Returns those of the names whose queues are not paused. */
  active(names: readonly string[]): readonly string[] {
    return this.#paused.size === 0 ? names : names.filter((name) => !this.#paused.has(name));
  }

  /** Pauses a queue, if it exists. */
  pause(name: string): void {
    if (!this.#queues.has(name)) return;
    this.#paused.add(copyText(name));
    this.#save(name);
  }

  resume(name: string): void {
    if (!this.#queues.has(name)) return;
    this.#paused.delete(name);
    this.#save(name);
  }

  /** Removes a queue. Its jobs disappear at once; the returned work frees their memory. */
  remove(name: string): Work<void> {
    this.#paused.delete(name);
    this.#store.delete(TABLE, name);
    const queue = this.#queues.get(name);
    if (queue === undefined || queue.length === 0) {
      this.#delete(name);
      return nothing();
    }
    this.#store.removePlace(QUEUE_PLACE + name);
    this.#delete(name);
    return this.#free(queue.drain());
  }

  /**
   * Removes all jobs. Names and paused states stay in memory until the server closes, but not in
   * the store.
   */
  flush(): void {
    for (const queue of this.#queues.values()) queue.clear();
  }

  /** Returns up to `max` of a queue's jobs, from the position `from` on. */
  page(name: string, from: number, max: number): Payload[] {
    const rows = this.#queues.get(name)?.page(from, max) ?? [];
    return rows.map((row) => this.#arena.read(row));
  }

  isPaused(name: string): boolean {
    return this.#paused.has(name);
  }

  /** The number of jobs in a queue. `undefined` if there is no such queue. */
  sizeOf(name: string): number | undefined {
    return this.#queues.get(name)?.length;
  }

  /** Returns the oldest job of a queue. */
  oldest(name: string): Payload | undefined {
    const row = this.#queues.get(name)?.peek();
    return row === undefined ? undefined : this.#arena.read(row);
  }

  /** Returns the names of all queues. */
  names(): string[] {
    return [...this.#queues.keys()];
  }

  /** Returns the number of jobs of each queue. */
  sizes(): Record<string, number> {
    return Object.fromEntries(this.sorted().map(({ name, jobs }) => [name, jobs.length]));
  }

  /** Returns all queues, sorted by name. */
  sorted(): readonly NamedQueue[] {
    return this.#sorted ??= [...this.#queues].map(([name, jobs]) => ({ name, jobs }))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  #getOrCreate(name: string): JobQueue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    if (!isQueueName(name)) throw new GoError("queue names must match \\A[a-zA-Z0-9._-]+\\z");
    this.#save(name);
    return this.#create(copyText(name));
  }

  #create(name: string): JobQueue {
    const queue = new JobQueue();
    this.#queues.set(name, queue);
    this.#sorted = undefined;
    return queue;
  }

  #save(name: string): void {
    this.#store.set(TABLE, name, this.#paused.has(name) ? '{"paused":true}' : "{}");
  }

  #delete(name: string): void {
    if (this.#queues.delete(name)) this.#sorted = undefined;
  }

  *#free(rows: Iterable<number>): Work<void> {
    const { epoch } = this.#arena;
    let count = 0;
    for (const row of rows) {
      if (++count % FREE_AT_ONCE === 0) {
        yield;
        // After a FLUSH, the rows belong to other jobs.
        if (this.#arena.epoch !== epoch) return;
      }
      this.#store.removed(row);
      this.#arena.free(row);
    }
    this.#store.placeRemoved();
  }
}

function* nothing(): Work<void> {}
