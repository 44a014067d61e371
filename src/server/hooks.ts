import { GoError } from "./go/error.ts";
import type { StoredJob } from "./stored_job.ts";

/** Where a job goes whose run failed: to the retries, to the dead, or nowhere. */
export type FailedTo = "retries" | "dead" | "nowhere";

/**
 * What an edition of the server does with jobs beyond the free one, told of each as it comes by.
 * What leaves a set or a queue in another way (MUTATE, QUEUE REMOVE) is not told of, and what is
 * due goes from a set to its queue without a word, both as on the reference server, whose
 * middleware hears of nothing else either.
 */
export interface JobHooks {
  /**
   * A job comes in, for now, or for `at` where that is still to come. It may be changed.
   *
   * @throws {GoError} to refuse it.
   */
  pushing(job: StoredJob, at: number | undefined): void;
  /** A worker is about to get the job; false drops it. */
  fetching(job: StoredJob): boolean;
  /** The job is done. */
  acknowledged(job: StoredJob): void;
  /** A run of the job failed, or its reservation has ended. */
  failed(job: StoredJob, to: FailedTo): void;
  /** Every job is gone. */
  flushed(): void;
}

/** The free edition: nothing. */
export const noHooks: JobHooks = {
  pushing() {},
  fetching: () => true,
  acknowledged() {},
  failed() {},
  flushed() {},
};

/** A refusal whose text begins with a code of its own, where others are answered `ERR`. */
export class CodedError extends GoError {
  constructor(code: string, text: string) {
    super(`${code} ${text}`);
  }
}
