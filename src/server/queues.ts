import { Fifo } from "../internal/fifo.ts";
import { isQueueName } from "../job/queue_name.ts";
import { GoError } from "./go_json.ts";
import { nullStore, type Store } from "./store/store.ts";

/** The table of queues. */
const TABLE = "queues";

/** Where jobs of a queue are kept: its name follows. */
export const QUEUE_PLACE = "queue/";

/** A FETCH that waits for a job of any of its queues. */
export interface Waiter {
  /** Gets the job; one that it has no use for is gone all the same. */
  take(payload: string): void;
}

interface Queue {
  readonly name: string;
  readonly jobs: Fifo<string>;
  /** The jobs' rows, where they are kept. */
  readonly rows: Fifo<number> | undefined;
  /** In the order in which they came. */
  readonly waiters: Set<Waiter>;
  /** Whether it was pushed to; waiting for a job of a queue does not make it one. */
  isListed: boolean;
}

/** The queues: their jobs, and who waits for one. */
export class Queues {
  readonly #queues = new Map<string, Queue>();
  /** Outlives a FLUSH, as on the reference server. */
  #paused = new Set<string>();
  readonly #store: Store;

  constructor(store: Store = nullStore) {
    this.#store = store;
    for (const [name, json] of store.all(TABLE)) {
      this.#touch(name).isListed = true;
      if (JSON.parse(json).paused) this.#paused.add(name);
    }
  }

  /** Fills a queue with what was kept, behind what there is. */
  restore(name: string, payload: string, row: number): void {
    const queue = this.#touch(name);
    queue.isListed = true;
    queue.jobs.push(payload);
    queue.rows?.push(row);
  }

  /** Hands the job to whoever has waited longest for it, else keeps it. */
  push(name: string, payload: string): void {
    const queue = this.#known(name);
    for (const waiter of queue.waiters) return waiter.take(payload);
    queue.jobs.push(payload);
    queue.rows?.push(this.#store.add(QUEUE_PLACE + name, payload));
  }

  /** The oldest job of the first queue that has one. */
  pop(names: readonly string[]): string | undefined {
    for (const name of names) {
      const queue = this.#queues.get(name);
      const payload = queue?.jobs.shift();
      if (payload === undefined) continue;
      if (queue!.rows !== undefined) this.#store.remove(queue!.rows.shift()!);
      return payload;
    }
    return undefined;
  }

  /** Takes the first job that matches out of these queues, wherever in them it is. */
  take(names: readonly string[], matches: (payload: string) => boolean): string | undefined {
    for (const name of names) {
      const queue = this.#queues.get(name);
      let [isFound, place] = [false, -1];
      const [payload] = queue?.jobs.removeWhere((other) => {
        if (isFound) return false;
        place++;
        return isFound = matches(other);
      }) ?? [];
      if (payload === undefined) continue;
      for (const row of queue!.rows?.removeWhere(() => place-- === 0) ?? []) {
        this.#store.remove(row);
      }
      return payload;
    }
    return undefined;
  }

  /** Has `waiter` take the next jobs of any of these queues, until it is told not to. */
  wait(names: readonly string[], waiter: Waiter): void {
    for (const name of names) this.#touch(name).waiters.add(waiter);
  }

  /** Takes back {@linkcode Queues.wait}. */
  leave(names: readonly string[], waiter: Waiter): void {
    for (const name of names) {
      const queue = this.#queues.get(name);
      queue?.waiters.delete(waiter);
      if (queue !== undefined) this.#forget(queue);
    }
  }

  /** Of these names, those that are not paused. */
  active(names: readonly string[]): readonly string[] {
    return this.#paused.size === 0 ? names : names.filter((name) => !this.#paused.has(name));
  }

  /** Pauses a queue that exists; of others the server knows nothing. */
  pause(name: string): void {
    if (!this.#exists(name)) return;
    this.#paused.add(name);
    this.#keep(name);
  }

  resume(name: string): void {
    if (!this.#exists(name)) return;
    this.#paused.delete(name);
    this.#keep(name);
  }

  remove(name: string): void {
    this.#paused.delete(name);
    this.#store.delete(TABLE, name);
    const queue = this.#queues.get(name);
    if (queue === undefined) return;
    queue.isListed = false;
    this.#drain(queue);
    this.#forget(queue);
  }

  /** Drops every job; the names stay. */
  flush(): void {
    for (const queue of this.#queues.values()) this.#drain(queue);
  }

  /** The oldest job of a queue. */
  oldest(name: string): string | undefined {
    return this.#queues.get(name)?.jobs.peek();
  }

  /** Every queue's name. */
  names(): string[] {
    return [...this.#queues.values()].filter(({ isListed }) => isListed).map(({ name }) => name);
  }

  /** Jobs of each queue. */
  sizes(): Record<string, number> {
    return Object.fromEntries(
      this.names().sort().map((name) => [name, this.#queues.get(name)!.jobs.length]),
    );
  }

  #exists(name: string): boolean {
    return this.#queues.get(name)?.isListed === true;
  }

  #known(name: string): Queue {
    const known = this.#queues.get(name);
    if (known?.isListed === true) return known;
    if (!isQueueName(name)) throw new GoError("queue names must match \\A[a-zA-Z0-9._-]+\\z");
    const queue = this.#touch(name);
    queue.isListed = true;
    this.#keep(name);
    return queue;
  }

  #keep(name: string): void {
    this.#store.set(TABLE, name, this.#paused.has(name) ? '{"paused":true}' : "{}");
  }

  #drain({ jobs, rows }: Queue): void {
    jobs.drain();
    for (const row of rows?.drain() ?? []) this.#store.remove(row);
  }

  #touch(name: string): Queue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      const rows = this.#store.isDurable ? new Fifo<number>() : undefined;
      queue = { name, jobs: new Fifo(), rows, waiters: new Set(), isListed: false };
      this.#queues.set(name, queue);
    }
    return queue;
  }

  /** Clients can wait for any name at all: no trace of it is kept. */
  #forget({ name, isListed, waiters }: Queue): void {
    if (!isListed && waiters.size === 0) this.#queues.delete(name);
  }
}
