import type { Clock } from "../internal/clock.ts";

/** How often it is looked, in milliseconds. */
const EVERY_MS = 1000;

/** Less than this is not worth a word, in milliseconds. */
const WORTH_TELLING_MS = 250;

/** Measures by how much timers come late: as long was the event loop blocked. */
export class LagMonitor {
  readonly #clock: Clock;
  readonly #late: (lagMs: number) => void;
  #cancel: () => void;

  constructor(clock: Clock, late: (lagMs: number) => void) {
    this.#clock = clock;
    this.#late = late;
    this.#cancel = this.#next();
  }

  /** Ends the timer. */
  close(): void {
    this.#cancel();
  }

  #next(): () => void {
    const due = this.#clock.now() + EVERY_MS;
    return this.#clock.after(EVERY_MS, () => {
      this.#cancel = this.#next();
      const lagMs = this.#clock.now() - due;
      if (lagMs >= WORTH_TELLING_MS) this.#late(lagMs);
    });
  }
}
