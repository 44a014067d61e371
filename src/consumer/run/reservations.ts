import type { Clock } from "../../internal/clock.ts";

/** A run, as far as its deadline is concerned. */
export interface Expiring {
  /** The deadline, by the monotonic clock. */
  readonly deadline: number;
  /** True if it does not have to expire any more. */
  readonly isSettled: boolean;
  /** Called before the deadline. */
  expire(): void;
}

/** Interval of the checks, in milliseconds. */
const CHECK_EVERY_MS = 1000;

/**
 * Watches the deadlines of all runs with one timer, which checks every run each second. That costs
 * less than one timer per job, or than sorting the runs by deadline. A run expires up to two
 * seconds before its deadline, never after it.
 */
export class Reservations {
  readonly #clock: Clock;
  readonly #items: Iterable<Expiring>;
  #cancelTimer: (() => void) | undefined;

  /** `items` iterates over the present runs. */
  constructor(clock: Clock, items: Iterable<Expiring>) {
    this.#clock = clock;
    this.#items = items;
  }

  /** Starts the timer, unless it is running. */
  watch(): void {
    this.#cancelTimer ??= this.#clock.after(CHECK_EVERY_MS, () => this.#check());
  }

  /** Cancels the timer. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #check(): void {
    this.#cancelTimer = undefined;
    // The next check may be late, so everything due before it expires now.
    const due = this.#clock.now() + 2 * CHECK_EVERY_MS;
    let isAnyLeft = false;
    for (const item of this.#items) {
      if (item.isSettled) continue;
      if (item.deadline < due) item.expire();
      else isAnyLeft = true;
    }
    if (isAnyLeft) this.watch();
  }
}
