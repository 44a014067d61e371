import { JobNotFoundError, ServerError } from "../errors.ts";
import type { Request } from "../connection/request.ts";
import { acknowledge, fail, type FailureReport, push } from "../protocol/commands/jobs.ts";
import { jidFilters } from "../protocol/commands/filters.ts";
import { mutate } from "../protocol/commands/server.ts";
import type { Command } from "../protocol/commands/command.ts";
import type { EncodedJob } from "../job/encode.ts";
import type { Job } from "../job/job.ts";

/** A run whose end is to be told. */
export interface Finished {
  readonly job: Job;
  /** Not to be told after this time. */
  readonly deadline: number;
}

/** A job that is to be enqueued again. */
export interface Again {
  readonly job: EncodedJob;
  /** What FAIL tells where the server refuses it. */
  readonly failure: FailureReport;
  /** From then on it may be another worker's, under the same id: an ACK would be for that one. */
  readonly ackNotAfter: number;
}

/** What a reporter needs. */
export interface ReporterOptions {
  send(request: Request): void;
  /** The server knows, or never will. */
  settled(): void;
  /** The server was not told, or did not listen. */
  unreported(job: Job, error: unknown): void;
}

/**
 * Tells the server what became of each job: ACK or FAIL, kept over lost connections until the reservation ends. The
 * handler is never run again for it.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  #underWay = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** Reports that the server has not confirmed. */
  get underWay(): number {
    return this.#underWay;
  }

  /** The job is done. */
  done(finished: Finished): void {
    this.#begin(finished, { command: acknowledge(finished.job.jid) });
  }

  /** The job failed. */
  failed(finished: Finished, failure: FailureReport): void {
    this.#begin(finished, { command: fail(failure) });
  }

  /** The job failed, and no retry is to follow: FAIL leaves it with the retries, MUTATE takes it to the dead. */
  killed(finished: Finished, failure: FailureReport): void {
    const kills = jidFilters([finished.job.jid])
      .map((filter): Step => ({ command: mutate("kill", "retries", filter) }));
    const steps = [{ command: fail(failure) }, ...kills];
    this.#begin(finished, steps.reduceRight((done, step) => ({ ...step, done })));
  }

  /** The job is enqueued again, and done with once it is; where the server refuses it, it failed. */
  again(finished: Finished, { job, failure, ackNotAfter }: Again): void {
    const done = { command: acknowledge(finished.job.jid), notAfter: ackNotAfter };
    this.#begin(finished, { command: push(job), done, refused: { command: fail(failure) } });
  }

  #begin(finished: Finished, step: Step): void {
    this.#underWay++;
    this.send(finished, step);
  }

  /** @internal */
  send(finished: Finished, step: Step): void {
    this.#options.send(new ReportRequest(this, finished, step) as Request);
  }

  /** @internal */
  settle(job: Job, error?: { readonly error: unknown }): void {
    this.#underWay--;
    if (error !== undefined) this.#options.unreported(job, error.error);
    this.#options.settled();
  }
}

/** A command of a report, and what follows it. */
interface Step {
  readonly command: Command<void>;
  /** Not to be sent after this time. @default the run's deadline */
  readonly notAfter?: number;
  /** Follows where the server has carried it out. @default the report is over */
  readonly done?: Step;
  /** Follows where the server has refused it. @default the report has failed */
  readonly refused?: Step;
}

/** One command of a report on its way. */
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
    if (done === undefined) this.#reporter.settle(this.#finished.job);
    else this.#reporter.send(this.#finished, done);
  }

  reject(error: unknown): void {
    // The first FAIL of a connection that was lost got through, so that the reservation is gone.
    if (this.resent === true && error instanceof JobNotFoundError) return this.resolve();
    const { refused } = this.#step;
    if (refused !== undefined && error instanceof ServerError) {
      return this.#reporter.send(this.#finished, refused);
    }
    this.#reporter.settle(this.#finished.job, { error });
  }
}
