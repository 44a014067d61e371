import type { Clock } from "../../internal/clock.ts";

/** Limits of jobs at the same time and of jobs a second. */
export interface Limit {
  /** Jobs that may run at the same time, 1 or more. @default the consumer's own limit */
  readonly concurrency?: number | undefined;
  /** Jobs that may start in any second; 0.2 is one in every five seconds. @default no limit */
  readonly perSecond?: number | undefined;
}

/**
 * Counts the jobs of one limit: those that run, and those that FETCHes in flight may bring. So no
 * job is fetched that could not start at once.
 */
export class LimitCounter {
  readonly #clock: Clock;
  readonly #concurrency: number;
  /** The length of the rate's window, and how many jobs may start in one. */
  readonly #windowMs: number;
  readonly #count: number;
  /** When the last `#count` jobs started; the oldest is at `#next`. */
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

  /** Whether one more job could start now, even if all FETCHes in flight bring one. */
  get hasRoom(): boolean {
    if (this.#running + this.#pending >= this.#concurrency) return false;
    const inTheWay = this.#inTheWay();
    return inTheWay === undefined || inTheWay <= this.#clock.now() - this.#windowMs;
  }

  /**
   * Milliseconds until there is room by time alone; `undefined` if a job or a FETCH has to end
   * first.
   */
  get roomInMs(): number | undefined {
    if (this.#running + this.#pending >= this.#concurrency) return undefined;
    const inTheWay = this.#inTheWay();
    if (inTheWay === undefined || inTheWay === Infinity) return undefined;
    return Math.max(1, Math.ceil(inTheWay + this.#windowMs - this.#clock.now()));
  }

  /** A FETCH was sent that may bring a job. */
  expect(): void {
    this.#pending++;
  }

  /** That FETCH was answered, or lost. */
  expected(): void {
    this.#pending--;
  }

  /** A job starts. */
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

  /**
   * When the job started that has to leave the window before one more may start; `undefined` if
   * there is none.
   */
  #inTheWay(): number | undefined {
    if (this.#count === Infinity) return undefined;
    // Jobs that FETCHes may bring take their places first.
    const places = this.#count - this.#pending;
    return places <= 0 ? Infinity : this.#begun[(this.#next - places + this.#count) % this.#count];
  }
}
