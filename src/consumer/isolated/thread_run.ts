import { deferred } from "../../internal/deferred.ts";
import { fromSent } from "./errors.ts";
import type { Sent } from "./messages.ts";
import type { IsolatedContext, IsolatedJob } from "./types.ts";

/** One run of one job, from when it is asked for to its end, which comes once. */
export class ThreadRun {
  readonly job: IsolatedJob;
  readonly context: IsolatedContext;
  readonly #ended = deferred<unknown>();

  constructor(job: IsolatedJob, context: IsolatedContext) {
    this.job = job;
    this.context = context;
  }

  /** Settles as the run does. */
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
  conclude(outcome: Sent): void {
    this.#settle(outcome, (value) => this.resolve(value));
  }

  /** Rejects with what the thread threw. */
  fail(thrown: Sent): void {
    this.#settle(thrown, (value) => this.reject(value));
  }

  #settle(sent: Sent, settle: (value: unknown) => void): void {
    try {
      settle(fromSent(sent, this.context.signal.reason));
    } catch (error) {
      // An outcome that no class of this side would have made.
      this.reject(error);
    }
  }
}

/** The job without what only its class has, which cannot be cloned. */
export function plainJob(job: IsolatedJob): IsolatedJob {
  return { ...job };
}
