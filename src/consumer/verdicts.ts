import { StateError } from "../errors.ts";
import type { Emitter } from "../events.ts";
import type { Clock } from "../internal/clock.ts";
import { encodeAgain } from "../job/again.ts";
import type { EncodedJob } from "../job/encode.ts";
import type { Job } from "../job/job.ts";
import type { ConsumerEvents } from "./events.ts";
import type { Execution } from "./execution.ts";
import { describeFailure, isRetried, nextFailure } from "./failure.ts";
import { Discard, Kill, RetryAfter, Snooze } from "./outcome.ts";
import type { Reporter } from "./reporter.ts";

/** When a job may run elsewhere that came too late here: later than its ACK, and than the FETCHes that still wait here. */
const STOPPED_SECONDS = 5;

/** Decides what the server is told of each run that ended, counts them, and says so in events. */
export class Verdicts {
  done = 0;
  failed = 0;
  readonly #reporter: Reporter;
  readonly #events: Emitter<ConsumerEvents>;
  readonly #clock: Clock;

  constructor(reporter: Reporter, events: Emitter<ConsumerEvents>, clock: Clock) {
    this.#reporter = reporter;
    this.#events = events;
    this.#clock = clock;
  }

  /** A handler ended; `failure` is there where it threw, or gave an outcome. */
  tell(execution: Execution, failure: { readonly error: unknown } | undefined): void {
    const { job } = execution;
    if (failure === undefined) {
      this.done++;
      if (this.#events.has("done")) {
        this.#events.emit("done", { job, elapsedMs: this.#elapsed(execution) });
      }
      return this.#reporter.done(execution);
    }
    const { error } = failure;
    if (error instanceof Discard) return this.#discard(execution, error);
    if (error instanceof Snooze) return this.#snooze(execution, error);
    this.#fail(execution, error);
  }

  /**
   * A job that was fetched is not to be run here, or not now: it goes to the end of its queue, as it is; where a stop is the
   * reason, only in a moment.
   */
  putBack(execution: Execution, reason: ConsumerEvents["returned"]["reason"]): void {
    const { job } = execution;
    this.#events.emit("returned", { job, reason });
    const error = new StateError("NOT_RUN", `Job ${job.jid} could not be put back on its queue`);
    // Other FETCHes of this worker wait for that queue, and the ACK that follows is for whoever holds the job then.
    const at = reason === "stopped" ? this.#in(STOPPED_SECONDS) : undefined;
    this.#again(execution, () => encodeAgain(job, at), error);
  }

  #discard(execution: Execution, outcome: Discard): void {
    this.done++;
    const elapsedMs = this.#elapsed(execution);
    this.#events.emit("discard", { job: execution.job, outcome, elapsedMs });
    this.#reporter.done(execution);
  }

  #snooze(execution: Execution, outcome: Snooze): void {
    const { job } = execution;
    this.done++;
    this.#events.emit("snooze", { job, outcome, elapsedMs: this.#elapsed(execution) });
    const at = outcome.seconds === 0 ? undefined : this.#in(outcome.seconds);
    this.#again(execution, () => encodeAgain(job, at), outcome);
  }

  #fail(execution: Execution, error: unknown): void {
    const { job } = execution;
    this.failed++;
    if (this.#events.has("fail")) {
      this.#events.emit("fail", { job, error, elapsedMs: this.#elapsed(execution) });
    }
    const report = describeFailure(job, error);
    if (error instanceof Kill && isRetried(job)) return this.#reporter.killed(execution, report);
    const next = error instanceof RetryAfter
      ? nextFailure(job, report, new Date(this.#clock.now()))
      : undefined;
    if (next === undefined) return this.#reporter.failed(execution, report);
    const at = this.#in((error as RetryAfter).seconds);
    this.#again(execution, () => encodeAgain(job, at, { ...next, nextAt: at }), error);
  }

  #again(execution: Execution, encode: () => EncodedJob, error: unknown): void {
    const report = describeFailure(execution.job, error);
    let job: EncodedJob;
    try {
      job = encode();
    } catch {
      // Another client made a job that this one would not: the server has to bring it back by its own means.
      return this.#reporter.failed(execution, report);
    }
    this.#reporter.again(execution, job, report);
  }

  #in(seconds: number): Date {
    return new Date(this.#clock.now() + seconds * 1000);
  }

  #elapsed({ startedAt }: { readonly job: Job; readonly startedAt: number }): number {
    return Math.max(0, this.#clock.now() - startedAt);
  }
}
