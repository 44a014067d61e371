import type { Store } from "./store.ts";

const TABLE = "counters";

/** Counts of jobs run and jobs failed, saved with the jobs. */
export class Counters {
  readonly #store: Store;
  #processed = 0;
  #failures = 0;

  constructor(store: Store) {
    this.#store = store;
    for (const [name, json] of store.all(TABLE)) {
      if (name === "processed") this.#processed = Number(json);
      else if (name === "failures") this.#failures = Number(json);
    }
  }

  get processed(): number {
    return this.#processed;
  }

  set processed(count: number) {
    this.#processed = count;
    if (this.#store.isDurable) this.#store.set(TABLE, "processed", String(count));
  }

  get failures(): number {
    return this.#failures;
  }

  set failures(count: number) {
    this.#failures = count;
    if (this.#store.isDurable) this.#store.set(TABLE, "failures", String(count));
  }
}
