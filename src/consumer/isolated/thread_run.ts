import { deferred } from "../../internal/deferred.ts";
import { receivedError } from "./errors.ts";
import type { SentError } from "./messages.ts";
import type { IsolatedContext, IsolatedJob } from "./types.ts";

/** One run of a job in a thread, from the request to its result. */
export class ThreadRun {
  readonly job: IsolatedJob;
  readonly context: IsolatedContext;
  readonly #ended = deferred<unknown>();

  constructor(job: IsolatedJob, context: IsolatedContext) {
    this.job = job;
    this.context = context;
  }

  /** Settles with the result of the run. */
  get ended(): Promise<unknown> {
    return this.#ended.promise;
  }

  resolve(value: unknown): void {
    this.#ended.resolve(value);
  }

  reject(reason: unknown): void {
    this.#ended.reject(reason);
  }

  /** Resolves with an outcome that the thread returned. */
  conclude(outcome: SentError): void {
    this.#settle(outcome, (value) => this.resolve(value));
  }

  /** Rejects with the value that the thread threw. */
  fail(thrown: SentError): void {
    this.#settle(thrown, (value) => this.reject(value));
  }

  #settle(sent: SentError, settle: (value: unknown) => void): void {
    try {
      settle(receivedError(sent, this.context.signal.reason));
    } catch (error) {
      // The outcome is invalid, so its class refused to create it.
      this.reject(error);
    }
  }
}

/** Returns the job as a plain object, which can be cloned. */
export function plainJob(job: IsolatedJob): IsolatedJob {
  return { ...job };
}
