import type { Clock } from "../internal/clock.ts";

/** How often the server is asked while more than one FETCH a lane would pay, in milliseconds. */
const ASK_EVERY_MS = 200;

/** How long an answer is relied on, in milliseconds. */
const TRUST_MS = 2 * ASK_EVERY_MS;

/** Of the jobs that will likely still be there, the part that may be asked for in advance. */
const SHARE = 1 / 10;

/**
 * Judges how many FETCHes may be under way at once. One more than there are jobs would wait for two seconds, with all that
 * are behind it on its lane, and a stop would wait for them all; so more than one a lane takes a backlog that, by what the
 * server said a moment ago and how fast it is shrinking, will not be gone before it is asked again.
 */
export class Backlog {
  readonly #clock: Clock;
  readonly #ask: () => Promise<number | undefined>;
  #asking = false;
  #askedAt = -Infinity;
  #answeredAt = -Infinity;
  #waiting = 0;
  #allowance = 0;

  /** `ask` gives the number of jobs that wait on the consumer's queues, or `undefined` where it is not known. */
  constructor(clock: Clock, ask: () => Promise<number | undefined>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** FETCHes that may be under way in all. */
  allowance(): number {
    return this.#clock.now() - this.#answeredAt <= TRUST_MS ? this.#allowance : 0;
  }

  /** More FETCHes would pay: has the server asked, unless it was a moment ago. */
  refresh(changed: () => void): void {
    const now = this.#clock.now();
    if (this.#asking || now - this.#askedAt < ASK_EVERY_MS) return;
    this.#asking = true;
    this.#askedAt = now;
    this.#ask().then((waiting) => {
      this.#asking = false;
      if (waiting === undefined) return;
      const isFresh = this.#clock.now() - this.#answeredAt <= TRUST_MS;
      const shrinks = isFresh ? Math.max(0, this.#waiting - waiting) : 0;
      this.#waiting = waiting;
      this.#answeredAt = this.#clock.now();
      this.#allowance = Math.floor(Math.max(0, waiting - 2 * shrinks) * SHARE);
      changed();
    }, () => {
      this.#asking = false;
    });
  }
}
