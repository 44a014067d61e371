import { type Deferred, deferred } from "./deferred.ts";

/** Counts calls in flight, and resolves a promise when there are none. */
export class PendingCalls {
  #count = 0;
  #none: Deferred<void> | undefined;

  /** Number of calls in flight. */
  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count++;
  }

  end(): void {
    if (--this.#count > 0) return;
    this.#none?.resolve();
    this.#none = undefined;
  }

  /** Counts `call` until it settles. */
  async track<T>(call: Promise<T>): Promise<T> {
    this.begin();
    try {
      return await call;
    } finally {
      this.end();
    }
  }

  /** Resolves when no call is in flight. */
  async none(): Promise<void> {
    while (this.#count > 0) await (this.#none ??= deferred()).promise;
  }
}
