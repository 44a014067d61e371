import { type FaktoryErrorCode, JobAbortedError, StateError } from "../../errors.ts";
import type { Completion } from "../../internal/middleware.ts";
import type { InSlot } from "../../internal/slot_list.ts";
import type { FailurePolicy } from "../../job/failure_policy.ts";
import type { Job } from "../../job/job.ts";
import type { ConsumerEvents } from "../events.ts";
import type { LimitCounter } from "../fetch/limit.ts";
import type { CountedRun } from "../fetch/limits.ts";
import { asOutcome, checkSeconds, Discard, Kill, Snooze } from "../outcome.ts";
import type { SessionContext } from "../session/context.ts";
import {
  type AfterFailure,
  afterFailure,
  describeFailure,
  isRetried,
  nextFailure,
  serverDelay,
} from "./failure.ts";
import { planFailure } from "./failure_plan.ts";
import { invoke, type Runner, withObserver } from "./invoke.ts";
import { NOT_REGISTERED, type OnDead } from "./registry.ts";
import { requeueCustomOf } from "../resumable/requeue_custom.ts";
import type { Finished, Reporter, Requeue } from "./reporter.ts";
import type { Expiring } from "./reservations.ts";
import { abortContext, extensionOf, limitTime, RunContext, timeLimitOf } from "./run_context.ts";

/**
 * What is kept clear before a reservation's end, in milliseconds: the result has to reach the
 * server before it.
 */
export const MARGIN_MS = 1000;

/**
 * A job is not requeued for sooner than this, in seconds: ACK and FAIL go by the jid alone, so the
 * ACK that follows must not find the job with the worker that fetched it next.
 */
const MIN_REQUEUE_SECONDS = 5;

const NONE: readonly LimitCounter[] = [];

/** An error in a line. Whatever was thrown may be one. */
function shown(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "its error cannot be read";
  }
}

const RESOLVED = Promise.resolve();

/** The slots that jobs run in, and the counts of all runs. */
export interface Slots {
  readonly session: SessionContext;
  readonly reporter: Reporter;
  /** Runs whose handler succeeded, or ended with a `Discard` or a `Snooze`. */
  done: number;
  failed: number;
  /** Failed jobs that are kept among the dead, or moved to a dead letter queue. */
  dead: number;
  /** Failed jobs that the server drops. */
  dropped: number;
  /** Jobs that a stop released to the server. */
  readonly unfinished: Job[];
  /** Frees the slot of a run, and its places in the limits. */
  free(run: JobRun): void;
}

/** How a handler ended if it did not succeed: with an error, or an outcome. */
interface Failure {
  readonly error: unknown;
}

/**
 * The life of one run of one job, in the order in which it happens: start, ended, report. A run
 * that must not start is released or requeued.
 */
export class JobRun implements Completion<unknown>, CountedRun, Expiring, Finished, InSlot {
  slot = -1;
  number = 0;
  readonly job: Job;
  readonly jid: string;
  readonly startedAt: number;
  /** What the run counts towards. */
  counters: readonly LimitCounter[] = NONE;
  /** The result was reported, or must not be reported any more. */
  isSettled = false;
  readonly #slots: Slots;
  readonly #deadline: number;
  readonly #context: RunContext;
  #policy: FailurePolicy | undefined;
  #cancelTimeLimit: (() => void) | undefined;

  constructor(job: Job, times: { startedAt: number; deadline: number }, slots: Slots) {
    this.job = job;
    this.jid = job.jid;
    this.startedAt = times.startedAt;
    this.#deadline = times.deadline;
    this.#slots = slots;
    this.#context = new RunContext(job, slots.session);
  }

  /** When nothing must be reported about this run any more, by the monotonic clock. */
  get deadline(): number {
    const extendedTo = extensionOf(this.#context);
    if (extendedTo === undefined) return this.#deadline;
    // The server shortens no reservation.
    return Math.max(this.#deadline, extendedTo - MARGIN_MS);
  }

  /** Emits `start`, starts the time limit, and calls middleware and handler. */
  start(): void {
    const { job } = this;
    const { events, registry, clock } = this.#slots.session;
    events.emit("start", { job });
    const registered = registry.find(job.type) ?? NOT_REGISTERED;
    this.#policy = registered.failures;
    const timeoutMs = timeLimitOf(job, registered.timeoutMs);
    if (timeoutMs !== undefined) {
      this.#cancelTimeLimit = limitTime(this.#context, job, { timeoutMs, clock });
    }
    // A microtask has an asynchronous context of its own: what a handler does to that must not
    // reach the next handler.
    void RESOLVED.then(() => this.#invoke(registered.run));
  }

  #invoke(run: Runner): void {
    const { observer } = this.#slots.session;
    const runner = observer === undefined ? run : withObserver(observer, run);
    invoke(runner, this.job, this.#context, this);
  }

  /** The handler succeeded. */
  resolve(): void {
    this.#ended(undefined);
  }

  /** The handler failed, or gave an outcome. */
  reject(error: unknown): void {
    const onDead = this.#policy?.onDead;
    const next = onDead && !this.isSettled ? afterFailure(this.job, error) : undefined;
    if (onDead === undefined || next === undefined || next === "retry") {
      return this.#ended({ error });
    }
    void this.#callOnDead(onDead, error).then(() => this.#ended({ error }));
  }

  /** The job is reported whatever happens in there. */
  async #callOnDead(onDead: OnDead, error: unknown): Promise<void> {
    try {
      await onDead(this.job, error, this.#context);
    } catch (error) {
      this.#slots.session.events.emit("listenerError", { event: "onDead", error });
    }
  }

  #ended(failure: Failure | undefined): void {
    this.#free();
    if (!this.isSettled) {
      this.isSettled = true;
      try {
        this.#report(failure);
      } catch (error) {
        // An outcome whose own getters throw.
        this.#slots.reporter.failed(this, describeFailure(this, error));
      }
    }
    this.#slots.session.advance();
  }

  #free(): void {
    this.#cancelTimeLimit?.();
    this.#slots.free(this);
  }

  #report(failure: Failure | undefined): void {
    if (failure === undefined) return this.#done();
    const { error } = failure;
    const outcome = asOutcome(error);
    if (outcome instanceof Discard) return this.#discarded(outcome);
    if (outcome instanceof Snooze) return this.#snoozed(outcome);
    this.#failed(error);
  }

  #done(): void {
    const { session: { events }, reporter } = this.#slots;
    this.#slots.done++;
    if (events.has("done")) events.emit("done", { job: this.job, elapsedMs: this.#elapsedMs });
    reporter.done(this);
  }

  #discarded(outcome: Discard): void {
    const { job } = this;
    this.#slots.done++;
    this.#slots.session.events.emit("discard", { job, outcome, elapsedMs: this.#elapsedMs });
    this.#slots.reporter.done(this);
  }

  #snoozed(outcome: Snooze): void {
    const { job } = this;
    this.#slots.done++;
    this.#slots.session.events.emit("snooze", { job, outcome, elapsedMs: this.#elapsedMs });
    this.#requeue(outcome.seconds, outcome, { custom: requeueCustomOf(outcome) });
  }

  #failed(error: unknown): void {
    const { job } = this;
    const { session: { events }, reporter } = this.#slots;
    this.#slots.failed++;
    const { next, seconds, deadLetter } = planFailure(job, error, { policy: this.#policy, events });
    if (events.has("fail")) events.emit("fail", this.#failEvent(error, next, seconds));
    this.#countEnd(error, next, deadLetter);
    const report = describeFailure(this, error);
    if (seconds !== undefined) {
      const failure = nextFailure(job, report);
      return this.#requeue(seconds, error, { failure, custom: requeueCustomOf(error) });
    }
    if (deadLetter !== undefined) return this.#moveTo(deadLetter, error);
    if (asOutcome(error) instanceof Kill && isRetried(job)) return reporter.killed(this, report);
    reporter.failed(this, report);
  }

  #failEvent(
    error: unknown,
    next: AfterFailure,
    seconds: number | undefined,
  ): ConsumerEvents["fail"] {
    const { job, attempt } = this;
    const willRetry = next === "retry";
    const delay = seconds === undefined ? serverDelay(job) : Math.max(seconds, MIN_REQUEUE_SECONDS);
    const retryAt = willRetry
      ? new Date(this.#slots.session.clock.now() + delay * 1000)
      : undefined;
    return { job, error, elapsedMs: this.#elapsedMs, attempt, willRetry, retryAt, next };
  }

  /** Counts and tells that the job has failed for the last time. */
  #countEnd(error: unknown, next: AfterFailure, deadLetter: string | undefined): void {
    if (next === "retry") return;
    this.#slots[next]++;
    const { job, attempt } = this;
    const detail = { job, error, attempt, elapsedMs: this.#elapsedMs };
    const { events } = this.#slots.session;
    if (next === "dead") events.emit("dead", { ...detail, deadLetter });
    else events.emit("dropped", detail);
  }

  #moveTo(queue: string, error: unknown): void {
    const failure = nextFailure(this.job, describeFailure(this, error));
    this.#requeue(0, error, { failure, queue, custom: requeueCustomOf(error) });
  }

  /**
   * Enqueues the job again, and acknowledges it then. If the server refuses that, it failed with
   * this error.
   */
  #requeue(
    seconds: number,
    error: unknown,
    options: Omit<Requeue, "waitMs" | "refused"> = {},
  ): void {
    const waitMs = Math.max(checkSeconds("requeue a job", seconds), MIN_REQUEUE_SECONDS) * 1000;
    const refused = describeFailure(this, error);
    this.#slots.reporter.requeued(this, { waitMs, ...options, refused });
  }

  /**
   * Instead of a start: the job must not run here, or not now. It is requeued as it is, for a
   * moment later.
   */
  requeue(reason: ConsumerEvents["requeued"]["reason"]): void {
    const { job } = this;
    this.isSettled = true;
    this.#slots.session.events.emit("requeued", { job, reason });
    this.#requeue(
      0,
      new StateError("NOT_RUN", `Job ${job.jid} could not be put back on its queue`),
    );
  }

  /**
   * A stop does not wait for the handler, or does not start it: FAIL gives the job back to the
   * server. `cause` is the error that the worker stops for.
   */
  release(cause?: unknown): void {
    const { job } = this;
    this.#free();
    if (this.isSettled) return;
    this.isSettled = true;
    this.#slots.unfinished.push(job);
    const error = cause === undefined
      ? new JobAbortedError("STOPPED", `Job ${job.jid} was given back as its worker stops`)
      : new JobAbortedError("CRASHED", `The worker of the job crashed: ${shown(cause)}`, { cause });
    if (!isRetried(job)) return this.#endedBy(error);
    this.#slots.reporter.failed(this, describeFailure(this, error));
  }

  /** A stop gives up on the last attempt at the job. */
  #endedBy(error: unknown): void {
    const { reporter, session: { events } } = this.#slots;
    const { next, deadLetter } = planFailure(this.job, error, { policy: this.#policy, events });
    this.#countEnd(error, next, deadLetter);
    if (deadLetter === undefined) reporter.failed(this, describeFailure(this, error));
    else this.#moveTo(deadLetter, error);
  }

  /** Asks the handler to end, as the worker stops. */
  stop(): void {
    this.#abort("STOPPED", `Job ${this.jid} has to end as its worker stops`);
  }

  /**
   * The reservation is about to end: asks the handler to end, whose result is not reported any
   * more.
   */
  expire(): void {
    const { job } = this;
    this.#abort(
      "RESERVATION_EXPIRED",
      `The reservation of job ${job.jid} ends before its handler does`,
    );
    this.isSettled = true;
    this.#slots.session.events.emit("expired", { job });
  }

  /**
   * The job was cancelled: asks the handler to end, if it runs, and reports nothing, as the server
   * is told to forget the job.
   */
  cancel(): void {
    this.#abort("CANCELLED", `Job ${this.jid} was cancelled`);
    if (this.isSettled) return;
    this.isSettled = true;
    const { job } = this;
    this.#slots.done++;
    const outcome = new Discard("The job was cancelled");
    this.#slots.session.events.emit("discard", { job, outcome, elapsedMs: this.#elapsedMs });
  }

  /** 1 the first time that the job runs. */
  get attempt(): number {
    return this.#context.attempt;
  }

  #abort(code: FaktoryErrorCode, message: string): void {
    abortContext(this.#context, new JobAbortedError(code, message));
  }

  get #elapsedMs(): number {
    return Math.max(0, this.#slots.session.clock.now() - this.startedAt);
  }
}
