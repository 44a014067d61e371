import { StateError } from "../errors.ts";
import type { Emitter } from "../events.ts";
import type { Clock } from "../internal/clock.ts";
import { encodeAgain } from "../job/again.ts";
import type { EncodedJob } from "../job/encode.ts";
import { steady } from "../internal/steady_clock.ts";
import type { Job, JobFailure } from "../job/job.ts";
import type { ConsumerEvents } from "./events.ts";
import type { Execution } from "./execution.ts";
import { describeFailure, isRetried, nextFailure } from "./failure.ts";
import { Discard, Kill, RetryAfter, Snooze } from "./outcome.ts";
import type { Reporter } from "./reporter.ts";

/**
 * A job is not enqueued again for sooner than this, in seconds: ACK and FAIL go by jid alone, and so the ACK that follows must not
 * find it with whoever fetched it next.
 */
const MIN_AGAIN_SECONDS = 5;

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

  /** A job that was fetched is not to be run here, or not now: it is enqueued again as it is, for a moment later. */
  putBack(execution: Execution, reason: ConsumerEvents["returned"]["reason"]): void {
    const { job } = execution;
    this.#events.emit("returned", { job, reason });
    const error = new StateError("NOT_RUN", `Job ${job.jid} could not be put back on its queue`);
    this.#again(execution, 0, { error });
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
    this.#again(execution, outcome.seconds, { error: outcome });
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
    this.#again(execution, (error as RetryAfter).seconds, { error, failure: next });
  }

  /** Enqueues the job again, and is done with it then; where that cannot be, it failed with this error. */
  #again(
    execution: Execution,
    seconds: number,
    { error, failure }: { readonly error: unknown; readonly failure?: JobFailure },
  ): void {
    const { job } = execution;
    const report = describeFailure(job, error);
    const waitMs = Math.max(seconds, MIN_AGAIN_SECONDS) * 1000;
    const at = new Date(this.#clock.now() + waitMs);
    let encoded: EncodedJob;
    try {
      encoded = encodeAgain(job, at, failure && { ...failure, nextAt: at });
    } catch {
      // Another client made a job that this one would not: the server has to bring it back by its own means.
      return this.#reporter.failed(execution, report);
    }
    const ackNotAfter = Math.min(execution.deadline, steady(this.#clock).now() + waitMs);
    this.#reporter.again(execution, { job: encoded, failure: report, ackNotAfter });
  }

  #elapsed({ startedAt }: { readonly job: Job; readonly startedAt: number }): number {
    return Math.max(0, this.#clock.now() - startedAt);
  }
}
