import { Fifo } from "../internal/fifo.ts";
import { isQueueName } from "../job/queue_name.ts";
import { GoError } from "./go_json.ts";

/** A FETCH that waits for a job of any of its queues. */
export interface Waiter {
  take(payload: string): void;
}

interface Queue {
  readonly name: string;
  readonly jobs: Fifo<string>;
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

  /** Hands the job to whoever has waited longest for it, else keeps it. */
  push(name: string, payload: string): void {
    const queue = this.#known(name);
    for (const waiter of queue.waiters) return waiter.take(payload);
    queue.jobs.push(payload);
  }

  /** The oldest job of the first queue that has one. */
  pop(names: readonly string[]): string | undefined {
    for (const name of names) {
      const payload = this.#queues.get(name)?.jobs.shift();
      if (payload !== undefined) return payload;
    }
    return undefined;
  }

  /** Takes the first job that matches out of these queues, wherever in them it is. */
  take(names: readonly string[], matches: (payload: string) => boolean): string | undefined {
    for (const name of names) {
      let isFound = false;
      const [payload] = this.#queues.get(name)?.jobs.removeWhere((other) =>
        !isFound && (isFound = matches(other))
      ) ?? [];
      if (payload !== undefined) {
        return payload;
      }
    }
    return undefined;
  }

  /** Has `waiter` take the next job of any of these queues, until it is told not to. */
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
    if (this.#exists(name)) this.#paused.add(name);
  }

  resume(name: string): void {
    if (this.#exists(name)) this.#paused.delete(name);
  }

  remove(name: string): void {
    this.#paused.delete(name);
    const queue = this.#queues.get(name);
    if (queue === undefined) return;
    queue.isListed = false;
    queue.jobs.drain();
    this.#forget(queue);
  }

  /** Drops every job; the names stay. */
  flush(): void {
    for (const { jobs } of this.#queues.values()) jobs.drain();
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
    return queue;
  }

  #touch(name: string): Queue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = { name, jobs: new Fifo(), waiters: new Set(), isListed: false };
      this.#queues.set(name, queue);
    }
    return queue;
  }

  /** Clients can wait for any name at all: no trace of it is kept. */
  #forget({ name, isListed, waiters }: Queue): void {
    if (!isListed && waiters.size === 0) this.#queues.delete(name);
  }
}
