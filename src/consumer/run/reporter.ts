import type { Request } from "../../connection/request.ts";
import type { ServerClock } from "../../connection/server_clock.ts";
import { JobNotFoundError, ServerError } from "../../errors.ts";
import { encodeRequeuedJob } from "../../job/requeued_job.ts";
import type { Job, JobFailure } from "../../job/job.ts";
import type { Command } from "../../protocol/commands/command.ts";
import { jidFilters } from "../../protocol/commands/filters.ts";
import { acknowledge, fail, type FailureReport, push } from "../../protocol/commands/jobs.ts";
import { mutate } from "../../protocol/commands/server.ts";
import type { WorkerConnections } from "../session/connections.ts";
import { isStopping, type SessionContext } from "../session/context.ts";

/** Reports that may be in flight, beside the running jobs, before no more jobs are fetched. */
export const MAX_UNREPORTED = 1000;

/** A run whose result has to be reported. */
export interface Finished {
  readonly job: Job;
  /** The job's id as it came: a handler may have changed the job. */
  readonly jid: string;
  /** Nothing must be reported after this time. */
  readonly deadline: number;
}

/** How a job is enqueued again. */
export interface Requeue {
  /** It must not run again before this time is over, in milliseconds. */
  readonly waitMs: number;
  /** What the server keeps as its last failure. @default what it has kept */
  readonly failure?: JobFailure | undefined;
  /** Keys of its `custom`, over those that it has. @default none */
  readonly custom?: Readonly<Record<string, unknown>> | undefined;
  /** Where it goes. @default the queue that it came from */
  readonly queue?: string | undefined;
  /** Reported by FAIL if the server refuses the job. */
  readonly refused: FailureReport;
}

/** The part of a session that a reporter uses. */
export interface ReporterContext
  extends Pick<SessionContext, "events" | "monotonic" | "phase" | "advance"> {
  readonly serverClock: Pick<ServerClock, "now" | "fresh">;
  readonly connections: Pick<WorkerConnections, "sendResult">;
}

/**
 * Reports the result of each run: ACK or FAIL, sent again over lost connections until the
 * reservation ends. The handler is never run again for it.
 */
export class Reporter {
  /** Jobs whose result could not be reported while the session stopped. */
  readonly unreported: Job[] = [];
  /**
   * When the oldest report began since the server has confirmed one; `undefined` if there is none.
   */
  unconfirmedSince: number | undefined;
  readonly #context: ReporterContext;
  #inFlight = 0;

  constructor(context: ReporterContext) {
    this.#context = context;
  }

  /** Reports that the server has not confirmed. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** The job is done. */
  done(finished: Finished): void {
    this.#begin(finished, { command: acknowledge(finished.jid) });
  }

  /** The job failed. */
  failed(finished: Finished, failure: FailureReport): void {
    this.#begin(finished, { command: fail(failure) });
  }

  /**
   * The job failed, and must not be retried: FAIL puts it among the retries, MUTATE moves it to the
   * dead.
   */
  killed(finished: Finished, failure: FailureReport): void {
    const kills = jidFilters([finished.jid])
      .map((filter): Step => ({ command: mutate("kill", "retries", filter) }));
    const steps = [{ command: fail(failure) }, ...kills];
    this.#begin(finished, steps.reduceRight((done, step) => ({ ...step, done })));
  }

  /**
   * The job is enqueued again, and acknowledged then; if the server refuses it, it failed. Its time
   * is one by the server's clock, which is measured first if that was not done of late.
   */
  requeued(finished: Finished, requeue: Requeue): void {
    this.#count();
    const measured = this.#context.serverClock.fresh();
    if (measured === undefined) this.#requeue(finished, requeue);
    else void measured.then(() => this.#requeue(finished, requeue));
  }

  #requeue(finished: Finished, { waitMs, failure, custom, queue, refused }: Requeue): void {
    const { serverClock, monotonic } = this.#context;
    const { job, jid, deadline } = finished;
    const now = serverClock.now();
    const at = new Date(now + waitMs);
    const next = failure && { ...failure, failedAt: new Date(now), nextAt: at };
    // From then on another worker may have the job under the same jid: an ACK would be for that
    // one.
    const notAfter = Math.min(deadline, monotonic.now() + waitMs);
    this.send(finished, {
      command: push(encodeRequeuedJob(job, at, { failure: next, custom, queue })),
      done: { command: acknowledge(jid), notAfter },
      refused: { command: fail(refused) },
    });
  }

  #begin(finished: Finished, step: Step): void {
    this.#count();
    this.send(finished, step);
  }

  #count(): void {
    this.#inFlight++;
    if (this.unconfirmedSince === undefined) {
      this.unconfirmedSince = this.#context.monotonic.now();
    }
  }

  /** @internal */
  send(finished: Finished, step: Step): void {
    this.#context.connections.sendResult(new ReportRequest(this, finished, step) as Request);
  }

  /** @internal The server confirmed the report. */
  confirmed(): void {
    this.#inFlight--;
    this.unconfirmedSince = undefined;
    this.#context.advance();
  }

  /** @internal The report could not be sent in time, or the server refused it. */
  rejected(job: Job, error: unknown): void {
    const { events, phase } = this.#context;
    this.#inFlight--;
    if (isStopping(phase)) this.unreported.push(job);
    events.emit("unreported", { job, error });
    this.#context.advance();
  }
}

/** A command of a report, and what follows it. */
interface Step {
  readonly command: Command<void>;
  /** Not sent after this time. @default the run's deadline */
  readonly notAfter?: number;
  /** Follows if the server has carried out the command. @default the report is confirmed */
  readonly done?: Step;
  /** Follows if the server has refused the command. @default the report is rejected */
  readonly refused?: Step;
}

/** One command of a report in flight. */
class ReportRequest implements Request<void> {
  readonly command: Command<void>;
  readonly notAfter: number;
  readonly #reporter: Reporter;
  readonly #finished: Finished;
  readonly #step: Step;
  resent?: boolean;

  constructor(reporter: Reporter, finished: Finished, step: Step) {
    this.#reporter = reporter;
    this.#finished = finished;
    this.#step = step;
    this.notAfter = step.notAfter ?? finished.deadline;
    this.command = step.command;
  }

  resolve(): void {
    const { done } = this.#step;
    if (done === undefined) this.#reporter.confirmed();
    else this.#reporter.send(this.#finished, done);
  }

  reject(error: unknown): void {
    // The first FAIL, on a connection that was lost, got through: the reservation is gone.
    if (this.resent === true && error instanceof JobNotFoundError) return this.resolve();
    const { refused } = this.#step;
    if (refused !== undefined && error instanceof ServerError) {
      return this.#reporter.send(this.#finished, refused);
    }
    this.#reporter.rejected(this.#finished.job, error);
  }
}
