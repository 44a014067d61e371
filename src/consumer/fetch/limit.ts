import type { Clock } from "../../internal/clock.ts";

/** How many jobs may run at the same time, and begin in a second. */
export interface Limit {
  /** Jobs that run at the same time, 1 or more. @default no limit but the consumer's own */
  readonly concurrency?: number | undefined;
  /** Jobs that begin in any second; below 1, as 0.2, one in every five seconds. @default no limit */
  readonly perSecond?: number | undefined;
}

/**
 * Counts the jobs of one limit: those that run, and those that FETCHes under way may bring, so that none is fetched that could
 * not begin at once.
 */
export class LimitCounter {
  readonly #clock: Clock;
  readonly #concurrency: number;
  /** The window of the rate, and how many jobs may begin in one of that length. */
  readonly #windowMs: number;
  readonly #count: number;
  /** When the last `#count` jobs began, the oldest at `#next`. */
  readonly #begun: number[] = [];
  #next = 0;
  #running = 0;
  #pending = 0;

  constructor({ concurrency = Infinity, perSecond }: Limit, clock: Clock) {
    this.#clock = clock;
    this.#concurrency = concurrency;
    this.#count = perSecond === undefined ? Infinity : Math.max(1, Math.floor(perSecond));
    this.#windowMs = perSecond === undefined ? 0 : this.#count / perSecond * 1000;
  }

  /** Whether one more job could begin now, should all FETCHes under way bring one. */
  get hasRoom(): boolean {
    if (this.#running + this.#pending >= this.#concurrency) return false;
    const inTheWay = this.#inTheWay();
    return inTheWay === undefined || inTheWay <= this.#clock.now() - this.#windowMs;
  }

  /** In how many milliseconds time alone makes room; `undefined` where it is the end of a job, or a FETCH, that has to. */
  get roomInMs(): number | undefined {
    if (this.#running + this.#pending >= this.#concurrency) return undefined;
    const inTheWay = this.#inTheWay();
    if (inTheWay === undefined || inTheWay === Infinity) return undefined;
    return Math.max(1, Math.ceil(inTheWay + this.#windowMs - this.#clock.now()));
  }

  /** A FETCH that may bring a job was sent. */
  expect(): void {
    this.#pending++;
  }

  /** It was answered, or lost. */
  expected(): void {
    this.#pending--;
  }

  /** A job begins. */
  begin(): void {
    this.#running++;
    if (this.#count === Infinity) return;
    this.#begun[this.#next] = this.#clock.now();
    this.#next = (this.#next + 1) % this.#count;
  }

  /** A job ended. */
  end(): void {
    this.#running--;
  }

  /** When the job began that has to leave the window before one more may begin; `undefined` where there is none. */
  #inTheWay(): number | undefined {
    if (this.#count === Infinity) return undefined;
    // Those that are on their way take their places first.
    const places = this.#count - this.#pending;
    return places <= 0 ? Infinity : this.#begun[(this.#next - places + this.#count) % this.#count];
  }
}
