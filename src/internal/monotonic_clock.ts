import type { Clock } from "./clock.ts";

/** One for each clock, so that times from different callers can be compared. */
const clocks = new WeakMap<Clock, MonotonicClock>();

/** A clock that is never set back. */
export interface MonotonicClock extends Clock {
  /** Converts a time that was just read from the underlying clock to the time of this clock. */
  at(reading: number): number;
  /**
   * Corrects the clock by the time that has really passed, if the time of day stood still or was
   * set back since the last call.
   */
  sync(): void;
}

/**
 * Returns a clock like `clock` that is never set back: if `clock` is, it continues from its last
 * reading. Use it for deadlines, which are a duration from now. Use the clock itself for times that
 * are shown to others. If `clock` is set forward, for example after sleep, so is this clock,
 * because that time has passed for everyone.
 */
export function monotonic(clock: Clock): MonotonicClock {
  let wrapper = clocks.get(clock);
  if (wrapper === undefined) {
    wrapper = new Monotonic(clock);
    clocks.set(clock, wrapper);
    clocks.set(wrapper, wrapper);
  }
  return wrapper;
}

/**
 * Largest drift between the machine's two clocks before they are compared again, in milliseconds.
 */
const TOLERANCE_MS = 50;

class Monotonic implements MonotonicClock {
  readonly #clock: Clock;
  /** Time by which the clock was set back. */
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
    // The clock was corrected, which is not a jump here.
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
