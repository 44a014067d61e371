import type { Job } from "../job/job.ts";

/** What a handler is given beside its job. */
export interface JobContext {
  /**
   * Aborted, with a `JobAbortedError` as its reason, when the job's reservation is about to end, after which the server gives
   * the job to another worker, and when a stop has run out of patience.
   */
  readonly signal: AbortSignal;
  /** 1 the first time that the job runs, 2 at its first retry, and so on. */
  readonly attempt: number;
}

/** Runs a job. What it throws, or rejects with, fails the job: the server tries it again, or not, by its `retry`. */
// deno-lint-ignore no-explicit-any
export type Handler<Args extends readonly unknown[] | [] = any> = (
  job: Job<Args>,
  context: JobContext,
) => unknown;
