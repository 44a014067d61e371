import type { Clock } from "./clock.ts";

/** One for each clock, so that readings taken in different places can be compared. */
const clocks = new WeakMap<Clock, MonotonicClock>();

/** A clock that is never set back. */
export interface MonotonicClock extends Clock {
  /** Its time at a reading of the clock below it that was taken just now. */
  at(reading: number): number;
  /**
   * Makes up for a time of day that stood still or was set back since the last call, by the time
   * that has passed.
   */
  sync(): void;
}

/**
 * `clock`, but never set back: where that happens, it goes on from its last reading. For deadlines,
 * which are a length of time from now whatever the day; what is told to others takes the clock
 * itself. A clock that is set forward, as after sleep, is followed: that time has passed for
 * everybody else.
 */
export function monotonic(clock: Clock): MonotonicClock {
  let own = clocks.get(clock);
  if (own === undefined) {
    own = new Monotonic(clock);
    clocks.set(clock, own);
    clocks.set(own, own);
  }
  return own;
}

/**
 * The two clocks of a machine may drift apart by this much before they are compared again, in
 * milliseconds.
 */
const TOLERANCE_MS = 50;

class Monotonic implements MonotonicClock {
  readonly #clock: Clock;
  /** By how much the clock was set back. */
  #aheadMs = 0;
  #last = -Infinity;
  #synced: { readonly now: number; readonly elapsed: number } | undefined;

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

  sync(): void {
    let now = this.now();
    const elapsed = this.elapsed();
    if (this.#synced !== undefined) {
      const due = this.#synced.now + elapsed - this.#synced.elapsed;
      if (due - now > TOLERANCE_MS) {
        this.#aheadMs += due - now;
        now = this.#last = due;
      }
    }
    this.#synced = { now, elapsed };
  }

  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, callback);
  }

  elapsed(): number {
    return this.#clock.elapsed === undefined ? this.now() : this.#clock.elapsed();
  }
}
