import { sinceStart, startTimer, timeOfDay } from "./host_timers.ts";

/** Where time comes from: a real clock, or one that a test moves. */
export interface Clock {
  /** Milliseconds since 1970, as of `Date.now()`. */
  now(): number;
  /** Calls `callback` once, `ms` milliseconds from now; the function returned calls it off. */
  after(ms: number, callback: () => void): () => void;
  /**
   * Milliseconds that have passed since some moment, whatever the time of day is set to. A
   * difference from `now()` shows that the time of day was set, or that the machine slept.
   *
   * @default `now()`
   */
  elapsed?(): number;
}

/** Milliseconds since some moment, by which lengths of time are measured. */
export function elapsedMs(clock: Clock): number {
  return clock.elapsed?.() ?? clock.now();
}

/** The machine's clock. Fake timers of test frameworks do not stop it: see `host_timers.ts`. */
export const systemClock: Clock = {
  now: timeOfDay,
  elapsed: sinceStart,
  after: startTimer,
};

/**
 * A clock that stands still until it is moved, for tests.
 *
 * @example A timer that fires because the clock was moved
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

  /** Starts at `now`, in milliseconds since 1970. */
  constructor(now: number = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#now;
  }

  /**
   * Calls `callback` once the clock has been moved on by `ms`; the function returned calls it off.
   */
  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(ms, 0), callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How many timers are waiting. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves the clock on by `ms` milliseconds, calling what falls due on the way in its order. */
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
