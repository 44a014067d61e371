import { type Clock, elapsedMs } from "../../internal/clock.ts";

/**
 * The time of day to the microsecond, where the clock tells it to the millisecond only.
 *
 * A client that notes its own time and then asks for something would else find that it was made
 * before it had asked. The time is put together of the clock's and of what has passed since that
 * was seen to advance.
 */
export class FineTime {
  readonly #clock: Clock;
  /** The time of day less what had passed: at least, and less than. */
  #min = -Infinity;
  #max = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970, not before the true time and hardly after it. */
  now(): number {
    const ms = this.#clock.now();
    if (this.#clock.elapsed === undefined) return ms;
    if (!this.#read()) {
      // For the first time, or since the time of day was set: wait for the clock to advance, a
      // millisecond at most.
      [this.#min, this.#max] = [-Infinity, Infinity];
      while (this.#clock.now() === ms) this.#read();
      this.#read();
    }
    return elapsedMs(this.#clock) + this.#max;
  }

  /** Narrows down what is known; false where it is not known, or contradicts the clock. */
  #read(): boolean {
    const before = elapsedMs(this.#clock);
    const ms = this.#clock.now();
    const after = elapsedMs(this.#clock);
    const isKnown = this.#max < Infinity;
    this.#min = Math.max(this.#min, ms - after);
    this.#max = Math.min(this.#max, ms + 1 - before);
    return isKnown && this.#min < this.#max;
  }
}

/** A time in UTC with microseconds, rounded up, without the zeros at its end. */
export function writeFineTime(ms: number): string {
  const micros = Math.ceil(ms * 1000);
  const date = new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1);
  const text = date + String(micros % 1000).padStart(3, "0");
  return `${text.replace(/\.?0+$/, "")}Z`;
}
