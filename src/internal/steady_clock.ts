import type { Clock } from "./clock.ts";

/** One for each clock, so that readings taken in different places can be compared. */
const steadyOnes = new WeakMap<Clock, Clock>();

/**
 * `clock`, but never set back: where that happens, it goes on from its last reading. For deadlines, which are a length of
 * time from now whatever the day; what is told to others takes the clock itself. A clock that is set forward, as after
 * sleep, is followed: that time has passed for everybody else.
 */
export function steady(clock: Clock): Clock {
  let own = steadyOnes.get(clock);
  if (own === undefined) {
    own = new SteadyClock(clock);
    steadyOnes.set(clock, own);
    steadyOnes.set(own, own);
  }
  return own;
}

class SteadyClock implements Clock {
  readonly #clock: Clock;
  /** By how much the clock was set back. */
  #aheadMs = 0;
  #last = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    const now = this.#clock.now();
    // Set right again: no jump for us.
    if (now >= this.#last) this.#aheadMs = 0;
    else if (now + this.#aheadMs < this.#last) this.#aheadMs = this.#last - now;
    return this.#last = now + this.#aheadMs;
  }

  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, callback);
  }
}
