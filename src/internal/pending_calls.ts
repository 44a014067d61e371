import { type Deferred, deferred } from "./deferred.ts";

/** Counts what is under way, and tells when nothing is. */
export class PendingCalls {
  #count = 0;
  #none: Deferred<void> | undefined;

  /** What is under way. */
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

  /** Resolves once nothing is under way. */
  async none(): Promise<void> {
    while (this.#count > 0) await (this.#none ??= deferred()).promise;
  }
}
