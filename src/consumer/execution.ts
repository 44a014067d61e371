import { JobAbortedError } from "../errors.ts";
import type { Job } from "../job/job.ts";
import type { Handler, JobContext } from "./handler.ts";
import type { Expiring } from "./reservations.ts";

/** What the owner of a run hears of it. */
export interface ExecutionOwner {
  /** The handler ended; `failure` is there where it failed. */
  finished(execution: Execution, failure: { readonly error: unknown } | undefined): void;
  /** The reservation is about to end. */
  expired(execution: Execution): void;
}

/** One run of one job: its handler, its deadline and its signal. */
export class Execution implements JobContext, Expiring {
  readonly job: Job;
  /** When nothing may be told about this run any longer, in milliseconds since 1970. */
  readonly deadline: number;
  readonly startedAt: number;
  /** What became of it was told, or may not be told any longer. */
  isSettled = false;
  readonly #owner: ExecutionOwner;
  // Made when asked for: most handlers never do.
  #abort: AbortController | undefined;
  #reason: JobAbortedError | undefined;

  constructor(job: Job, times: { deadline: number; startedAt: number }, owner: ExecutionOwner) {
    this.job = job;
    this.deadline = times.deadline;
    this.startedAt = times.startedAt;
    this.#owner = owner;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#reason !== undefined) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  get attempt(): number {
    const { failure } = this.job;
    // The server counts retries, and the first of them is its number 0 until it fails.
    return failure === undefined ? 1 : failure.retryCount + 2;
  }

  /** Calls the handler. Whatever it does, the owner hears how it ended, once. */
  run(handler: Handler): void {
    let result: unknown;
    try {
      result = handler(this.job, this);
    } catch (error) {
      return this.#owner.finished(this, { error });
    }
    if (!isThenable(result)) return this.#owner.finished(this, undefined);
    Promise.resolve(result).then(
      () => this.#owner.finished(this, undefined),
      (error) => this.#owner.finished(this, { error }),
    );
  }

  /** Asks the handler to end. */
  abort(reason: JobAbortedError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#abort?.abort(reason);
  }

  expire(): void {
    this.abort(
      new JobAbortedError(
        "RESERVATION_EXPIRED",
        `The reservation of job ${this.job.jid} ends before its handler does`,
      ),
    );
    this.#owner.expired(this);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}
