import { sinceStart, startTimer, timeOfDay } from "./host_timers.ts";

/** A source of time: a real clock, or one that a test moves. */
export interface Clock {
  /** Returns the milliseconds since 1970, like `Date.now()`. */
  now(): number;
  /** Calls `callback` once in `ms` milliseconds. Returns a function that cancels this. */
  after(ms: number, callback: () => void): () => void;
  /**
   * Returns the milliseconds since a fixed moment, independent of changes of the time of day. A
   * difference from `now()` shows that the time of day was set or that the machine slept.
   *
   * @default `now()`
   */
  elapsed?(): number;
}

/** Returns the milliseconds since a fixed moment, to measure durations. */
export function elapsedMs(clock: Clock): number {
  return clock.elapsed?.() ?? clock.now();
}

/** The machine's clock. Fake timers of test frameworks do not stop it; see `host_timers.ts`. */
export const systemClock: Clock = {
  now: timeOfDay,
  elapsed: sinceStart,
  after: startTimer,
};

/**
 * A clock for tests that stands still until it is moved.
 *
 * @example Fire a timer by moving the clock
 * ```ts
 * import { ManualClock } from "@faktory-ts/faktory/server";
 *
 * const clock = new ManualClock();
 * let fired = false;
 * clock.after(60_000, () => fired = true);
 * clock.advance(60_000);
 * console.assert(fired);
 * ```
 */
export class ManualClock implements Clock {
  #now: number;
  #timers: { at: number; callback: () => void }[] = [];

  /** Creates a clock that shows `now`, in milliseconds since 1970. */
  constructor(now: number = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  /** Returns the milliseconds since 1970. */
  now(): number {
    return this.#now;
  }

  /**
   * Calls `callback` when the clock has been moved by `ms`. Returns a function that cancels this.
   */
  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(ms, 0), callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Number of pending timers. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves the clock by `ms` milliseconds, and calls the timers that become due, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    while (true) {
      const due = this.#timers.filter((timer) => timer.at <= end)
        .reduce<{ at: number; callback: () => void } | undefined>(
          (first, timer) => first === undefined || timer.at < first.at ? timer : first,
          undefined,
        );
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
  }
}
