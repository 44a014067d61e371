import { type Clock, elapsedMs } from "../../internal/clock.ts";

/** Maximum number of readings of the clock while it does not advance: more than a millisecond. */
const MAX_READS = 20_000;

/**
 * The time of day in microseconds, from a clock with a resolution of milliseconds.
 *
 * A client may note its own time and then create a batch. With milliseconds only, the batch would
 * appear to be created before the client's call. The time is calculated from the monotonic time
 * since the clock last advanced.
 */
export class FineTime {
  readonly #clock: Clock;
  /**
   * Bounds of the difference between the time of day and the monotonic time: at least, and less
   * than.
   */
  #min = -Infinity;
  #max = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the time in ms since 1970, never earlier than the true time and hardly later. */
  now(): number {
    const ms = this.#clock.now();
    if (this.#clock.elapsed === undefined) return ms;
    if (!this.#read()) {
      // First call, or the time of day was set: waits up to one millisecond for the clock to
      // advance. A clock that stands still during the call never does.
      [this.#min, this.#max] = [-Infinity, Infinity];
      for (let reads = 0; reads < MAX_READS && this.#clock.now() === ms; reads++) this.#read();
      this.#read();
    }
    return elapsedMs(this.#clock) + this.#max;
  }

  /**
   * Narrows the bounds. Returns true if the difference is known and the bounds agree with the
   * clock.
   */
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

/** Formats a time in UTC with microseconds, rounded up, without trailing zeros. */
export function writeFineTime(ms: number): string {
  const micros = Math.ceil(ms * 1000);
  const date = new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1);
  const text = date + String(micros % 1000).padStart(3, "0");
  return `${text.replace(/\.?0+$/, "")}Z`;
}
