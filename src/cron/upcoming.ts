import type { Firings } from "./firings.ts";

/** The next firings, cached between two checks because an expression is slow to evaluate. */
export class Upcoming {
  readonly #firings: Firings;
  #times: number[] = [];
  #from = -Infinity;

  constructor(firings: Firings) {
    this.#firings = firings;
  }

  /** Iterates over all firings at `ms` or later, in order. */
  *from(ms: number): Iterable<number> {
    // The clock was set back, or belongs to another server.
    if (ms < this.#from) this.#times = [];
    this.#from = ms;
    const passed = this.#times.findIndex((time) => time >= ms);
    this.#times = passed < 0 ? [] : this.#times.slice(passed);
    yield* this.#times;
    let next = this.#firings.after(this.#times.at(-1) ?? ms - 1);
    while (next !== undefined) {
      this.#times.push(next);
      yield next;
      next = this.#firings.after(next);
    }
  }
}
