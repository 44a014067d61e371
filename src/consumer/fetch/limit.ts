import type { Clock } from "../../internal/clock.ts";

/** Limits for jobs that run at the same time, and for jobs per second. */
export interface Limit {
  /**
   * Maximum number of jobs that run at the same time, at least 1. @default the consumer's
   * `concurrency`
   */
  readonly concurrency?: number | undefined;
  /**
   * Maximum number of jobs that start in any second; 0.2 allows one in five seconds.
   *
   * @default no limit
   */
  readonly perSecond?: number | undefined;
}

/**
 * Counts the jobs of one limit: those that run, and those that FETCHes in flight may bring. This
 * way, no job is fetched that could not start at once.
 */
export class LimitCounter {
  readonly #clock: Clock;
  readonly #concurrency: number;
  /** The length of the rate's window, and the number of jobs that may start in it. */
  readonly #windowMs: number;
  readonly #count: number;
  /** Start times of the last `#count` jobs; the oldest is at `#next`. */
  readonly #startTimes: number[] = [];
  #next = 0;
  #running = 0;
  #pending = 0;

  constructor({ concurrency = Infinity, perSecond }: Limit, clock: Clock) {
    this.#clock = clock;
    this.#concurrency = concurrency;
    this.#count = perSecond === undefined ? Infinity : Math.max(1, Math.floor(perSecond));
    this.#windowMs = perSecond === undefined ? 0 : this.#count / perSecond * 1000;
  }

  /** True if one more job could start now, even if every FETCH in flight brings a job. */
  get hasRoom(): boolean {
    if (this.#running + this.#pending >= this.#concurrency) return false;
    const blockingStart = this.#blockingStart();
    return blockingStart === undefined || blockingStart <= this.#clock.now() - this.#windowMs;
  }

  /**
   * Milliseconds until the limit has room because time passes; `undefined` if a job or a FETCH has
   * to end first.
   */
  get roomInMs(): number | undefined {
    if (this.#running + this.#pending >= this.#concurrency) return undefined;
    const blockingStart = this.#blockingStart();
    if (blockingStart === undefined || blockingStart === Infinity) return undefined;
    return Math.max(1, Math.ceil(blockingStart + this.#windowMs - this.#clock.now()));
  }

  /** Counts a FETCH that may bring a job. */
  beginFetch(): void {
    this.#pending++;
  }

  /** Removes a FETCH that was answered or lost. */
  endFetch(): void {
    this.#pending--;
  }

  /** Counts a job that starts. */
  begin(): void {
    this.#running++;
    if (this.#count === Infinity) return;
    this.#startTimes[this.#next] = this.#clock.now();
    this.#next = (this.#next + 1) % this.#count;
  }

  /** Removes a job that ended. */
  end(): void {
    this.#running--;
  }

  /**
   * Returns the start time of the job that must leave the window before another may start;
   * `undefined` if there is none.
   */
  #blockingStart(): number | undefined {
    if (this.#count === Infinity) return undefined;
    // Places are reserved for the jobs that FETCHes may bring.
    const free = this.#count - this.#pending;
    return free <= 0 ? Infinity : this.#startTimes[(this.#next - free + this.#count) % this.#count];
  }
}
