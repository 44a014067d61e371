import type { Clock } from "./clock.ts";

/** One for each clock, so that readings taken in different places can be compared. */
const steadyOnes = new WeakMap<Clock, SteadyClock>();

/** A clock that is never set back. */
export interface SteadyClock extends Clock {
  /** Its time at a reading of the clock below it that was taken just now. */
  at(reading: number): number;
}

/**
 * `clock`, but never set back: where that happens, it goes on from its last reading. For deadlines, which are a length of
 * time from now whatever the day; what is told to others takes the clock itself. A clock that is set forward, as after
 * sleep, is followed: that time has passed for everybody else.
 */
export function steady(clock: Clock): SteadyClock {
  let own = steadyOnes.get(clock);
  if (own === undefined) {
    own = new Steady(clock);
    steadyOnes.set(clock, own);
    steadyOnes.set(own, own);
  }
  return own;
}

class Steady implements SteadyClock {
  readonly #clock: Clock;
  /** By how much the clock was set back. */
  #aheadMs = 0;
  #last = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.at(this.#clock.now());
  }

  at(reading: number): number {
    // Set right again: no jump for us.
    if (reading >= this.#last) this.#aheadMs = 0;
    else if (reading + this.#aheadMs < this.#last) this.#aheadMs = this.#last - reading;
    return this.#last = reading + this.#aheadMs;
  }

  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, callback);
  }

  elapsed(): number {
    return this.#clock.elapsed === undefined ? this.now() : this.#clock.elapsed();
  }
}
