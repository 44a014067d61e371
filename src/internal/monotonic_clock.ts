import type { Clock } from "./clock.ts";

/** One for each clock, so that times from different callers can be compared. */
const clocks = new WeakMap<Clock, MonotonicClock>();

/** A clock that is never set back. */
export interface MonotonicClock extends Clock {
  /** Converts a time that was just read from the underlying clock to the time of this clock. */
  at(reading: number): number;
  /**
   * Corrects the clock by the time that has really passed. Reading it does the same once a second,
   * unless the time of day stands still.
   */
  sync(): void;
}

/**
 * Returns a clock like `clock` that is never set back: if `clock` is, it continues from its last
 * reading. Use it for deadlines, which are a duration from now. Use the clock itself for times that
 * are shown to others. If `clock` is set forward, for example after sleep, so is this clock,
 * because that time has passed for everyone.
 *
 * If `clock` was set back while no time was read, for example while the process was paused, the time
 * that has passed comes from `elapsed()`. It is compared once a second, and if `clock` has jumped.
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

/** Interval at which the machine's two clocks are compared, in milliseconds. */
const COMPARE_EVERY_MS = 1000;

/** Smallest difference between the machine's two clocks that is corrected, in milliseconds. */
const TOLERANCE_MS = 50;

/** Largest drift between the two clocks, in milliseconds per millisecond. */
const DRIFT = 500e-6;

class Monotonic implements MonotonicClock {
  readonly #clock: Clock;
  /** Time by which the clock was set back. */
  #aheadMs = 0;
  #last = -Infinity;
  /** The last comparison: the time of day, the time of this clock, and the elapsed time. */
  #comparedAt = -Infinity;
  #comparedNow = 0;
  #comparedElapsed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.now();
  }

  now(): number {
    return this.at(this.#clock.now());
  }

  at(reading: number): number {
    // The clock was corrected, which is not a jump here.
    if (reading >= this.#last) this.#aheadMs = 0;
    else if (reading + this.#aheadMs < this.#last) this.#aheadMs = this.#last - reading;
    this.#last = reading + this.#aheadMs;
    const sinceMs = reading - this.#comparedAt;
    if (sinceMs < 0 || sinceMs >= COMPARE_EVERY_MS) this.#compare(reading);
    return this.#last;
  }

  /** Corrects this clock if more time has elapsed than the time of day shows. */
  #compare(reading: number): void {
    const elapsed = this.#clock.elapsed?.();
    if (elapsed === undefined) return;
    const passedMs = elapsed - this.#comparedElapsed;
    const lateMs = this.#comparedNow + passedMs - this.#last;
    if (this.#comparedAt !== -Infinity && lateMs > TOLERANCE_MS + passedMs * DRIFT) {
      this.#aheadMs += lateMs;
      this.#last += lateMs;
    }
    this.#comparedAt = reading;
    this.#comparedNow = this.#last;
    this.#comparedElapsed = elapsed;
  }

  sync(): void {
    const reading = this.#clock.now();
    this.at(reading);
    this.#compare(reading);
  }

  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, callback);
  }

  elapsed(): number {
    return this.#clock.elapsed === undefined ? this.now() : this.#clock.elapsed();
  }
}
