import { type FaktoryErrorCode, JobAbortedError, StateError } from "../../errors.ts";
import type { Completion } from "../../internal/middleware.ts";
import type { SlotMember } from "../../internal/slot_list.ts";
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
import type { FinishedRun, Reporter, RequeueReport } from "./reporter.ts";
import type { Expiring } from "./reservations.ts";
import { abortContext, extensionOf, limitTime, RunContext, timeLimitOf } from "./run_context.ts";

/**
 * Time before the end of a reservation in which nothing is reported any more, in milliseconds. The
 * result must reach the server before the reservation ends.
 */
export const MARGIN_MS = 1000;

/**
 * Shortest delay of a requeued job, in seconds. ACK and FAIL name only the jid, so the ACK that
 * follows must not arrive when another worker has already fetched the job.
 */
const MIN_REQUEUE_SECONDS = 5;

const NONE: readonly LimitCounter[] = [];

/** Converts any thrown value to a string. Never throws. */
function textOf(error: unknown): string {
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
  /** Number of runs whose handler succeeded, or ended with a `Discard` or a `Snooze`. */
  done: number;
  failed: number;
  /** Number of failed jobs that are dead, or moved to a dead letter queue. */
  dead: number;
  /** Number of failed jobs that the server drops. */
  dropped: number;
  /** Jobs that a stop released to the server. */
  readonly unfinished: Job[];
  /** Frees the slot of a run, and its places in the limits. */
  free(run: JobRun): void;
}

/** The error or outcome of a handler that did not succeed. */
interface Failure {
  readonly error: unknown;
}

/**
 * One run of one job, in the order of events: start, end, report. A run that must not start is
 * released or requeued.
 */
export class JobRun implements Completion<unknown>, CountedRun, Expiring, FinishedRun, SlotMember {
  slot = -1;
  number = 0;
  readonly job: Job;
  readonly jid: string;
  readonly startedAt: number;
  /** The counters that count the run. */
  counters: readonly LimitCounter[] = NONE;
  /** True if the result was reported, or must not be reported any more. */
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

  /** Time after which nothing about this run may be reported, by the monotonic clock. */
  get deadline(): number {
    const extendedTo = extensionOf(this.#context);
    if (extendedTo === undefined) return this.#deadline;
    // The server never shortens a reservation.
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
    // A microtask has its own asynchronous context, so changes that a handler makes to it do not
    // reach the next handler.
    void RESOLVED.then(() => this.#invoke(registered.run));
  }

  #invoke(run: Runner): void {
    const { observer } = this.#slots.session;
    const runner = observer === undefined ? run : withObserver(observer, run);
    invoke(runner, this.job, this.#context, this);
  }

  /** Called when the handler succeeded. */
  resolve(): void {
    this.#ended(undefined);
  }

  /** Called when the handler failed, or ended with an outcome. */
  reject(error: unknown): void {
    const onDead = this.#policy?.onDead;
    const next = onDead && !this.isSettled ? afterFailure(this.job, error) : undefined;
    if (onDead === undefined || next === undefined || next === "retry") {
      return this.#ended({ error });
    }
    void this.#callOnDead(onDead, error).then(() => this.#ended({ error }));
  }

  /** Calls `onDead`. An error in it does not keep the job from being reported. */
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
        // A getter of the outcome threw.
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

  /** Counts and emits the last failure of the job. */
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
   * Enqueues the job again, and then acknowledges it. If the server refuses the job, it is failed
   * with this error.
   */
  #requeue(
    seconds: number,
    error: unknown,
    options: Omit<RequeueReport, "waitMs" | "refused"> = {},
  ): void {
    const waitMs = Math.max(checkSeconds("requeue a job", seconds), MIN_REQUEUE_SECONDS) * 1000;
    const refused = describeFailure(this, error);
    this.#slots.reporter.requeued(this, { waitMs, ...options, refused });
  }

  /**
   * Requeues the job unchanged instead of starting it, to run five seconds later: the job must not
   * run on this worker, or not now.
   */
  requeue(reason: ConsumerEvents["requeued"]["reason"]): void {
    const { job } = this;
    this.isSettled = true;
    this.#slots.session.events.emit("requeued", { job, reason });
    this.#requeue(
      0,
      new StateError("REQUEUE_REFUSED", `Cannot requeue job ${job.jid}: the server refused it`),
    );
  }

  /**
   * Releases the job to the server by FAIL: a stop does not wait for its handler, or does not start
   * it. `cause` is the error that makes the worker stop.
   */
  release(cause?: unknown): void {
    const { job } = this;
    this.#free();
    if (this.isSettled) return;
    this.isSettled = true;
    this.#slots.unfinished.push(job);
    const error = cause === undefined
      ? new JobAbortedError("STOPPED", `Job ${job.jid} was released as its worker stops`)
      : new JobAbortedError("CRASHED", `The worker crashed: ${textOf(cause)}`, {
        cause,
      });
    if (!isRetried(job)) return this.#reportLastFailure(error);
    this.#slots.reporter.failed(this, describeFailure(this, error));
  }

  /** Reports a job as dead or dropped, because a stop gave up its last attempt. */
  #reportLastFailure(error: unknown): void {
    const { reporter, session: { events } } = this.#slots;
    const { next, deadLetter } = planFailure(this.job, error, { policy: this.#policy, events });
    this.#countEnd(error, next, deadLetter);
    if (deadLetter === undefined) reporter.failed(this, describeFailure(this, error));
    else this.#moveTo(deadLetter, error);
  }

  /** Asks the handler to end, because the worker stops. */
  stop(): void {
    this.#abort("STOPPED", `Job ${this.jid} must end as its worker stops`);
  }

  /**
   * Asks the handler to end, because the reservation is about to end. Its result is not reported
   * any more.
   */
  expire(): void {
    const { job } = this;
    this.#abort(
      "RESERVATION_EXPIRED",
      `Job ${job.jid} must end as its reservation is about to end`,
    );
    this.isSettled = true;
    this.#slots.session.events.emit("expired", { job });
  }

  /**
   * Asks the handler to end, because the job was cancelled. Nothing is reported, as the server
   * removes the job.
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

  /** Number of this attempt, from 1. */
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
