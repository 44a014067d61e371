import { type Deferred, deferred } from "../internal/deferred.ts";

/**
 * Maximum number of jobs of one source in flight. Objects that wait for a reply survive the fast
 * garbage collections of young objects: with 4,000 jobs in flight, a stream takes 28 % more CPU
 * time and 20 % more memory.
 */
const SIZE = 1000;

/** Limits the number of jobs of one source in flight. */
export class InFlightWindow {
  #inFlight = 0;
  #waiting: { readonly atMost: number; readonly deferred: Deferred<void> } | undefined;

  /** True if the next job has to wait. */
  get isFull(): boolean {
    return this.#inFlight >= SIZE;
  }

  /** Counts a job that is sent. */
  begin(): void {
    this.#inFlight++;
  }

  /** Counts a job that has its result. */
  end(): void {
    this.#inFlight--;
    if (this.#waiting !== undefined && this.#inFlight <= this.#waiting.atMost) this.release();
  }

  /** Resolves when there is room for another job, or at `release`. */
  room(): Promise<void> {
    return this.#wait(SIZE - 1);
  }

  /** Resolves when no job is in flight, or at `release`. */
  empty(): Promise<void> {
    return this.#wait(0);
  }

  /** Ends the wait in progress. */
  release(): void {
    this.#waiting?.deferred.resolve();
    this.#waiting = undefined;
  }

  #wait(atMost: number): Promise<void> {
    if (this.#inFlight <= atMost) return Promise.resolve();
    this.#waiting = { atMost, deferred: deferred() };
    return this.#waiting.deferred.promise;
  }
}
