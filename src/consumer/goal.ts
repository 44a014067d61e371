import type { Clock } from "../internal/clock.ts";
import type { FetchPlan, Planner } from "./queues/planner.ts";
import type { EndReason, SessionLimits } from "./report.ts";

/** A reply of the server is not older than this when it is read, in milliseconds. */
const SETTLED_MS = 1000;

/** How long a job that was put back may be away, the server's look at its schedule included, in milliseconds. */
const PUT_BACK_MS = 12_000;

/** When a run ends by itself: after so many jobs, or once the queues are empty. */
export class Goal {
  readonly #limits: SessionLimits;
  readonly #planner: Planner;
  readonly #clock: Clock;
  #begun = 0;
  #lastEndAt = -Infinity;
  /** A job that was put back is not on its queue before then. */
  #notBefore = -Infinity;
  /** A FETCH of all queues came back empty, and no job has come since. */
  #foundEmpty = false;

  constructor(limits: SessionLimits, planner: Planner, clock: Clock) {
    this.#limits = limits;
    this.#planner = planner;
    this.#clock = clock;
  }

  /** Jobs that may still begin, of so many that could. */
  left(slots: number): number {
    const { maxJobs } = this.#limits;
    return maxJobs === undefined ? slots : Math.min(slots, maxJobs - this.#begun);
  }

  /** A job came. */
  came(): void {
    this.#foundEmpty = false;
  }

  /** A job begins. */
  begin(): void {
    this.#begun++;
  }

  /** A job went back for a moment, and is to be waited for. */
  putBack(): void {
    this.#notBefore = this.#clock.now() + PUT_BACK_MS;
  }

  /** A job ended. */
  end(): void {
    if (this.#limits.untilEmpty === true) this.#lastEndAt = this.#clock.now();
  }

  /**
   * A FETCH waited for two seconds and found nothing up to its end: what jobs that ended before have enqueued was fetched,
   * too. A job that ended a moment ago may have ended after the server sent this.
   */
  foundNothing({ isWhole, version }: FetchPlan, isIdle: boolean): void {
    const { untilEmpty, trustsEmpty } = this.#limits;
    if (untilEmpty !== true) return;
    const isSettled = trustsEmpty === true || this.#clock.now() - this.#lastEndAt > SETTLED_MS;
    this.#foundEmpty = isWhole && isIdle && isSettled && this.#clock.now() >= this.#notBefore &&
      this.#planner.covers(version, this.#lastEndAt);
  }

  /** Whether no more is to be fetched for it. */
  get isInReach(): boolean {
    return this.#isEnough || (this.#limits.untilEmpty === true && this.#foundEmpty);
  }

  /** Why it ends now, where nothing runs and nothing is being fetched; `undefined` where it goes on. */
  reached(): EndReason | undefined {
    if (this.#isEnough) return "limit";
    if (this.#limits.untilEmpty !== true) return undefined;
    return this.#foundEmpty || this.#planner.isBare(this.#lastEndAt) ? "empty" : undefined;
  }

  get #isEnough(): boolean {
    const { maxJobs } = this.#limits;
    return maxJobs !== undefined && this.#begun >= maxJobs;
  }
}
