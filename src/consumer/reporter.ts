import { JobNotFoundError } from "../errors.ts";
import type { Request } from "../connection/request.ts";
import { acknowledge, fail, type FailureReport } from "../protocol/commands/jobs.ts";
import type { Command } from "../protocol/commands/command.ts";
import type { Job } from "../job/job.ts";

/** A run whose end is to be told. */
export interface Finished {
  readonly job: Job;
  /** Not to be told after this time. */
  readonly deadline: number;
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

  done(finished: Finished): void {
    this.#report(finished, acknowledge(finished.job.jid));
  }

  failed(finished: Finished, failure: FailureReport): void {
    this.#report(finished, fail(failure));
  }

  #report({ job, deadline }: Finished, command: Command<void>): void {
    this.#underWay++;
    this.#options.send(new ReportRequest(this, job, deadline, command) as Request);
  }

  /** @internal */
  settle(job: Job, error?: { readonly error: unknown }): void {
    this.#underWay--;
    if (error !== undefined) this.#options.unreported(job, error.error);
    this.#options.settled();
  }
}

/** One report on its way. */
class ReportRequest implements Request<void> {
  readonly command: Command<void>;
  readonly notAfter: number;
  readonly #reporter: Reporter;
  readonly #job: Job;
  resent?: boolean;

  constructor(reporter: Reporter, job: Job, deadline: number, command: Command<void>) {
    this.#reporter = reporter;
    this.#job = job;
    this.notAfter = deadline;
    this.command = command;
  }

  resolve(): void {
    this.#reporter.settle(this.#job);
  }

  reject(error: unknown): void {
    // The first FAIL of a connection that was lost got through, so that the reservation is gone.
    const gotThrough = this.resent === true && error instanceof JobNotFoundError;
    this.#reporter.settle(this.#job, gotThrough ? undefined : { error });
  }
}
