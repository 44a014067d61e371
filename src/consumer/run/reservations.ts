import type { Clock } from "../../internal/clock.ts";

/** Something that ends at a time. */
export interface Expiring {
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** It need not end any more. */
  readonly isSettled: boolean;
  /** Ends it. */
  expire(): void;
}

/** How often the deadlines are checked, in milliseconds. */
const CHECK_EVERY_MS = 1000;

/**
 * Watches the deadlines of all runs with one timer, which checks every run each second. That costs
 * less than a timer a job, or than keeping the runs in the order of their deadlines. A run expires
 * up to two seconds before its deadline, never after.
 */
export class Reservations {
  readonly #clock: Clock;
  readonly #items: Iterable<Expiring>;
  #cancelTimer: (() => void) | undefined;

  /** `items` are those that run; they change. */
  constructor(clock: Clock, items: Iterable<Expiring>) {
    this.#clock = clock;
    this.#items = items;
  }

  /** Starts the timer, unless it runs. */
  watch(): void {
    this.#cancelTimer ??= this.#clock.after(CHECK_EVERY_MS, () => this.#check());
  }

  /** Ends the timer. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #check(): void {
    this.#cancelTimer = undefined;
    // The next check may come late, so what falls due before it is due now.
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
