import type { Clock } from "../internal/clock.ts";

/** Something that has to be told when its time is over. */
export interface Expiring {
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** Nobody has to be told any longer. */
  readonly isSettled: boolean;
  /** Settles it. */
  expire(): void;
}

/** How often deadlines are looked at, in milliseconds. */
const LOOK_EVERY_MS = 1000;

/**
 * Watches the deadlines of all that runs, with one timer for the lot: each second it looks at every one, which costs less than
 * a timer a job, or than keeping them in the order of their deadlines. One is told up to two seconds before its deadline,
 * never after.
 */
export class Reservations {
  readonly #clock: Clock;
  readonly #items: () => Iterable<Expiring>;
  #cancelTimer: (() => void) | undefined;

  /** `items` gives those that run now. */
  constructor(clock: Clock, items: () => Iterable<Expiring>) {
    this.#clock = clock;
    this.#items = items;
  }

  /** There is something to watch. */
  watch(): void {
    this.#cancelTimer ??= this.#clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  /** Ends the timer. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #look(): void {
    this.#cancelTimer = undefined;
    // The next look may come late, so what falls due before it is due now.
    const due = this.#clock.now() + 2 * LOOK_EVERY_MS;
    let isAnyLeft = false;
    for (const item of this.#items()) {
      if (item.isSettled) continue;
      if (item.deadline < due) item.expire();
      else isAnyLeft = true;
    }
    if (isAnyLeft) this.watch();
  }
}
