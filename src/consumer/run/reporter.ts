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

/** Maximum number of reports in flight. If there are more, no jobs are fetched. */
export const MAX_UNREPORTED = 1000;

/** A run that has ended, and whose result has to be reported. */
export interface FinishedRun {
  readonly job: Job;
  /** The job's original id, as a handler may have changed the job. */
  readonly jid: string;
  /** Nothing may be reported after this time. */
  readonly deadline: number;
}

/** The report of a run whose job is requeued. */
export interface RequeueReport {
  /** Shortest time until the job runs again, in milliseconds. */
  readonly waitMs: number;
  /** The last failure for the server to store. @default the one it has */
  readonly failure?: JobFailure | undefined;
  /** Keys to set in its `custom`. @default none */
  readonly custom?: Readonly<Record<string, unknown>> | undefined;
  /** The queue. @default the job's own */
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
 * Reports the result of each run with ACK or FAIL. If the connection is lost, the report is sent
 * again until the reservation ends. The handler does not run again.
 */
export class Reporter {
  /** Jobs whose result could not be reported during a stop. */
  readonly unreported: Job[] = [];
  /** Start of the oldest report since the last confirmed one; `undefined` if there is none. */
  unconfirmedSince: number | undefined;
  readonly #context: ReporterContext;
  #inFlight = 0;

  constructor(context: ReporterContext) {
    this.#context = context;
  }

  /** Number of reports that the server has not confirmed. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Reports success. */
  done(finished: FinishedRun): void {
    this.#begin(finished, { command: acknowledge(finished.jid) });
  }

  /** Reports a failure. */
  failed(finished: FinishedRun, failure: FailureReport): void {
    this.#begin(finished, { command: fail(failure) });
  }

  /**
   * Reports a failure after which the job must not be retried: FAIL puts it among the retries,
   * MUTATE moves it to the dead jobs.
   */
  killed(finished: FinishedRun, failure: FailureReport): void {
    const kills = jidFilters([finished.jid])
      .map((filter): Step => ({ command: mutate("kill", "retries", filter) }));
    const steps = [{ command: fail(failure) }, ...kills];
    this.#begin(finished, steps.reduceRight((done, step) => ({ ...step, done })));
  }

  /**
   * Enqueues the job again, and then acknowledges it. If the server refuses the job, it is failed.
   * The time of the next run is set by the server's clock, which is measured first unless that was
   * done recently.
   */
  requeued(finished: FinishedRun, requeue: RequeueReport): void {
    this.#count();
    const measured = this.#context.serverClock.fresh();
    if (measured === undefined) this.#requeue(finished, requeue);
    else void measured.then(() => this.#requeue(finished, requeue));
  }

  #requeue(
    finished: FinishedRun,
    { waitMs, failure, custom, queue, refused }: RequeueReport,
  ): void {
    const { serverClock, monotonic } = this.#context;
    const { job, jid, deadline } = finished;
    const now = serverClock.now();
    const at = new Date(now + waitMs);
    const next = failure && { ...failure, failedAt: new Date(now), nextAt: at };
    // After that, another worker may have the job under the same jid, and would get the ACK.
    const notAfter = Math.min(deadline, monotonic.now() + waitMs);
    this.send(finished, {
      command: push(encodeRequeuedJob(job, at, { failure: next, custom, queue })),
      done: { command: acknowledge(jid), notAfter },
      refused: { command: fail(refused) },
    });
  }

  #begin(finished: FinishedRun, step: Step): void {
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
  send(finished: FinishedRun, step: Step): void {
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

/** A command of a report, and the commands that may follow it. */
interface Step {
  readonly command: Command<void>;
  /** The command is not sent after this time. @default the run's deadline */
  readonly notAfter?: number;
  /** Sent after the server has executed the command. @default the report is confirmed */
  readonly done?: Step;
  /** Sent after the server has refused the command. @default the report is rejected */
  readonly refused?: Step;
}

/** A command of a report in flight. */
class ReportRequest implements Request<void> {
  readonly command: Command<void>;
  readonly notAfter: number;
  readonly #reporter: Reporter;
  readonly #finished: FinishedRun;
  readonly #step: Step;
  resent?: boolean;

  constructor(reporter: Reporter, finished: FinishedRun, step: Step) {
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
    // The first FAIL reached the server although its connection was lost: the reservation is gone.
    if (this.resent === true && error instanceof JobNotFoundError) return this.resolve();
    const { refused } = this.#step;
    if (refused !== undefined && error instanceof ServerError) {
      return this.#reporter.send(this.#finished, refused);
    }
    this.#reporter.rejected(this.#finished.job, error);
  }
}
