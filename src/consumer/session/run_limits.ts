import type { Clock } from "../../internal/clock.ts";
import type { FetchRequest, QueueSelector } from "../fetch/queue_selector.ts";
import type { EndReason, SessionLimits } from "../report.ts";

/** A reply of the server is not older than this when it is read, in milliseconds. */
const SETTLED_MS = 1000;

/**
 * How long a requeued job may be away, in milliseconds: until its time, and the server's next look
 * at its schedule.
 */
const REQUEUED_MS = 12_000;

/** Decides when a run ends by itself: after so many jobs, or when the queues are empty. */
export class RunLimits {
  readonly #limits: SessionLimits;
  readonly #selector: QueueSelector;
  readonly #clock: Clock;
  #begun = 0;
  #lastEndAt = -Infinity;
  /** A requeued job is not back on its queue before then. */
  #notBefore = -Infinity;
  /** A FETCH of all queues came back empty, and no job has come since. */
  #foundEmpty = false;

  constructor(limits: SessionLimits, selector: QueueSelector, clock: Clock) {
    this.#limits = limits;
    this.#selector = selector;
    this.#clock = clock;
  }

  /** Of `slots` free slots, those in which a job may still begin. */
  left(slots: number): number {
    const { maxJobs } = this.#limits;
    return maxJobs === undefined ? slots : Math.min(slots, maxJobs - this.#begun);
  }

  /** A job was fetched. */
  fetched(): void {
    this.#foundEmpty = false;
  }

  /** A job begins. */
  begin(): void {
    this.#begun++;
  }

  /** A job was requeued for a moment later, and has to be waited for. */
  requeued(): void {
    this.#notBefore = this.#clock.now() + REQUEUED_MS;
  }

  /** A job ended. */
  end(): void {
    if (this.#limits.untilEmpty === true) this.#lastEndAt = this.#clock.now();
  }

  /**
   * A FETCH found nothing for two seconds, up to its end, so what earlier jobs have enqueued was
   * fetched, too. A job that ended a moment ago may have ended after the server sent this reply.
   */
  foundNothing({ isWhole, version }: FetchRequest, isIdle: boolean): void {
    const { untilEmpty, trustsEmpty } = this.#limits;
    if (untilEmpty !== true) return;
    const isSettled = trustsEmpty === true || this.#clock.now() - this.#lastEndAt > SETTLED_MS;
    this.#foundEmpty = isWhole && isIdle && isSettled && this.#clock.now() >= this.#notBefore &&
      this.#selector.covers(version, this.#lastEndAt);
  }

  /** Whether nothing more has to be fetched. */
  get isReached(): boolean {
    return this.#isEnough || (this.#limits.untilEmpty === true && this.#foundEmpty);
  }

  /** Why the run ends now, if nothing runs and no FETCH is in flight; `undefined` if it goes on. */
  reached(): EndReason | undefined {
    if (this.#isEnough) return "limit";
    if (this.#limits.untilEmpty !== true) return undefined;
    return this.#foundEmpty || this.#selector.isBare(this.#lastEndAt) ? "empty" : undefined;
  }

  get #isEnough(): boolean {
    const { maxJobs } = this.#limits;
    return maxJobs !== undefined && this.#begun >= maxJobs;
  }
}
