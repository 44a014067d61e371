import type { Clock } from "../../internal/clock.ts";
import type { FetchRequest, QueueSelector } from "../fetch/queue_selector.ts";
import type { EndReason, SessionLimits } from "../report.ts";

/** Largest age of a reply when it is read, in milliseconds. */
const SETTLED_MS = 1000;

/**
 * Longest time until a requeued job is back on its queue, in milliseconds: its delay, and the
 * interval at which the server checks its scheduled jobs.
 */
const REQUEUED_MS = 12_000;

/** Decides when a run ends without a stop: after a number of jobs, or when the queues are empty. */
export class RunLimits {
  readonly #limits: SessionLimits;
  readonly #selector: QueueSelector;
  readonly #clock: Clock;
  #begun = 0;
  #lastEndAt = -Infinity;
  /** Before this time, a requeued job may not be back on its queue. */
  #notBefore = -Infinity;
  /** True if a FETCH of all queues found nothing, and no job has arrived since. */
  #foundEmpty = false;

  constructor(limits: SessionLimits, selector: QueueSelector, clock: Clock) {
    this.#limits = limits;
    this.#selector = selector;
    this.#clock = clock;
  }

  /** Returns how many of `slots` free slots may still be used. */
  left(slots: number): number {
    const { maxJobs } = this.#limits;
    return maxJobs === undefined ? slots : Math.min(slots, maxJobs - this.#begun);
  }

  /** Called when a job was fetched. */
  fetched(): void {
    this.#foundEmpty = false;
  }

  /** Called when a job starts. */
  begin(): void {
    this.#begun++;
  }

  /** Called when a job was requeued for a moment later. The run waits for it. */
  requeued(): void {
    this.#notBefore = this.#clock.now() + REQUEUED_MS;
  }

  /** Called when a job has ended. */
  end(): void {
    if (this.#limits.untilEmpty === true) this.#lastEndAt = this.#clock.now();
  }

  /**
   * Called when a FETCH found nothing. It has waited for two seconds, so it would have seen jobs
   * that earlier jobs enqueued. A job that ended a moment ago may have ended after the server sent
   * this reply.
   */
  foundNothing({ isComplete: isWhole, version }: FetchRequest, isIdle: boolean): void {
    const { untilEmpty, trustsEmpty } = this.#limits;
    if (untilEmpty !== true) return;
    const isSettled = trustsEmpty === true || this.#clock.now() - this.#lastEndAt > SETTLED_MS;
    this.#foundEmpty = isWhole && isIdle && isSettled && this.#clock.now() >= this.#notBefore &&
      this.#selector.covers(version, this.#lastEndAt);
  }

  /** True if nothing more has to be fetched. */
  get isReached(): boolean {
    return this.#isEnough || (this.#limits.untilEmpty === true && this.#foundEmpty);
  }

  /**
   * Returns the reason to end the run now, provided that no job runs and no FETCH is in flight;
   * `undefined` to continue.
   */
  reached(): EndReason | undefined {
    if (this.#isEnough) return "limit";
    if (this.#limits.untilEmpty !== true) return undefined;
    return this.#foundEmpty || this.#selector.hasNoQueue(this.#lastEndAt) ? "empty" : undefined;
  }

  get #isEnough(): boolean {
    const { maxJobs } = this.#limits;
    return maxJobs !== undefined && this.#begun >= maxJobs;
  }
}
