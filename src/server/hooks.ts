import { GoError } from "./go/error.ts";
import type { StoredJob } from "./stored_job.ts";

/** The destination of a failed job: the retries, the dead set, or nowhere. */
export type FailedTo = "retries" | "dead" | "nowhere";

/**
 * Callbacks of an edition that extends the free one. As on the reference server, the hooks are not
 * called for jobs that MUTATE or QUEUE REMOVE take away, nor when a due job moves from a set to its
 * queue.
 */
export interface JobHooks {
  /**
   * Called when a job is pushed. `at` is its time if it is scheduled for later. The hook may change
   * the job.
   *
   * @throws {GoError} to refuse the job.
   */
  pushing(job: StoredJob, at: number | undefined): void;
  /** Called before a worker gets the job. Returning false drops the job. */
  fetching(job: StoredJob): boolean;
  /** Called when the job has succeeded. */
  acknowledged(job: StoredJob): void;
  /** Called when a run of the job has failed, or its reservation has expired. */
  failed(job: StoredJob, to: FailedTo): void;
  /** Called when all jobs were removed. */
  flushed(): void;
}

/** The free edition: no hooks. */
export const noHooks: JobHooks = {
  pushing() {},
  fetching: () => true,
  acknowledged() {},
  failed() {},
  flushed() {},
};

/** An error reply with a code other than `ERR`. */
export class CodedError extends GoError {
  constructor(code: string, text: string) {
    super(`${code} ${text}`);
  }
}
