import type { JobDefinitions } from "../job/catalogue.ts";
import type { Job } from "../job/job.ts";
import type { Producer } from "../producer/producer.ts";
import type { Logger } from "./logger.ts";

/** The second argument of a handler. */
export interface JobContext<Jobs extends JobDefinitions = JobDefinitions> {
  /**
   * Aborted when the handler has to end. The reason is a `JobAbortedError` with one of these codes:
   *
   * - `RESERVATION_EXPIRED`: the job's reservation is about to end. The server then gives the job
   *   to another worker.
   * - `STOPPED`: the consumer stops, and the grace period is over.
   * - `TIMED_OUT`: the job has taken longer than its `timeoutMs`.
   * - `CANCELLED`: `producer.cancel` was called for the job, and the consumer has `cancellation:
   *   true`.
   */
  readonly signal: AbortSignal;
  /** Number of this attempt: 1 for the first run, 2 for the first retry, and so on. */
  readonly attempt: number;
  /**
   * A producer with the same catalogue that uses the consumer's connections. While the server
   * cannot be reached, its calls wait, until the consumer has stopped.
   */
  readonly producer: Producer<Jobs>;
  /**
   * The consumer's `logger`. It adds the job's id, type, queue and attempt to the fields of each
   * message.
   */
  readonly log: Logger;
  /**
   * Reports the job's progress: `percent`, an integer from 0 to 100, and a text (TRACK SET,
   * Enterprise).
   *
   * Resolves to true if the server stored it. A free server stores no progress: the result is
   * `false`, and the consumer emits one `warning`. The promise rejects on an error, or if the
   * server does not reply within `commandTimeoutMs`. It need not be awaited.
   */
  progress(percent: number, text?: string): Promise<boolean>;
  /**
   * Extends the job's reservation to `seconds` from now, so that `signal` is aborted later (TRACK
   * SET, Enterprise). A reservation that already lasts longer is not changed.
   *
   * Resolves to true if the server did it, and to `false` on a free server, where the reservation
   * always lasts for the job's `reserveFor`.
   */
  extend(seconds: number): Promise<boolean>;
}

/**
 * A function that runs a job. If it throws or rejects, the job fails, and the server retries it as
 * its `retry` says. To do something other than succeed or fail, throw or return an outcome:
 * `Discard`, `Kill`, `RetryAfter` or `Snooze`.
 */
export type Handler<
  // deno-lint-ignore no-explicit-any
  Args extends readonly unknown[] | [] = any,
  Jobs extends JobDefinitions = JobDefinitions,
  Type extends string = string,
> = (job: Job<Args, Type>, context: JobContext<Jobs>) => unknown;
