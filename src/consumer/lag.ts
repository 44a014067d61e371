import type { Clock } from "../internal/clock.ts";

/** How often it is looked, in milliseconds. */
const EVERY_MS = 1000;

/** Less than this is not worth a word, in milliseconds. */
const WORTH_TELLING_MS = 250;

/** Who hears of it. */
export interface LagListener {
  /** Nothing ran for so long. */
  late(lagMs: number): void;
  /** The clock was set back by so much. */
  setBack(ms: number): void;
}

/**
 * Measures by how much timers come late: as long was the event loop blocked, or the machine asleep. One that comes before its
 * time says that the clock was set back.
 */
export class LagMonitor {
  readonly #clock: Clock;
  readonly #listener: LagListener;
  #cancel: () => void;
  /** By how much the last look was late, in milliseconds. */
  lastMs = 0;

  constructor(clock: Clock, listener: LagListener) {
    this.#clock = clock;
    this.#listener = listener;
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
      this.lastMs = Math.max(0, lagMs);
      if (lagMs >= WORTH_TELLING_MS) this.#listener.late(lagMs);
      else if (-lagMs >= WORTH_TELLING_MS) this.#listener.setBack(-lagMs);
    });
  }
}
