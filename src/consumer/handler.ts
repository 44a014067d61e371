import type { JobDefinitions } from "../job/catalogue.ts";
import type { Job } from "../job/job.ts";
import type { Producer } from "../producer/producer.ts";
import type { Logger } from "./logger.ts";

/** The second argument of a handler. */
export interface JobContext<Jobs extends JobDefinitions = JobDefinitions> {
  /**
   * Aborted when the handler has to end, with a `JobAbortedError` as its reason:
   * `RESERVATION_EXPIRED` when the job's reservation is about to end, after which the server gives
   * the job to another worker; `STOPPED` when the grace of a stop is over; `TIMED_OUT` when the job
   * has taken longer than its `timeoutMs`; `CANCELLED` when `producer.cancel` was called with its
   * jid, and the consumer has the option `cancellation`.
   */
  readonly signal: AbortSignal;
  /** 1 the first time that the job runs, 2 at its first retry, and so on. */
  readonly attempt: number;
  /**
   * Enqueues jobs of the same catalogue, and speaks the server's other commands, over the
   * consumer's own connections. While the server is gone, its calls wait for it, until the consumer
   * has stopped.
   */
  readonly producer: Producer<Jobs>;
  /**
   * The consumer's `logger`, with the job's id, type, queue and attempt in each message's fields.
   */
  readonly log: Logger;
  /**
   * Reports the job's progress: `percent`, an integer from 0 to 100, and a text (TRACK SET,
   * Enterprise).
   *
   * Resolves to whether the server kept it. A free server keeps no progress: the result is `false`,
   * and the consumer emits one `warning`. An error rejects the promise, which need not be awaited,
   * as does a server that has not answered within `commandTimeoutMs`.
   */
  progress(percent: number, text?: string): Promise<boolean>;
  /**
   * Extends the job's reservation to `seconds` from now, so that `signal` fires later (TRACK SET,
   * Enterprise). A reservation that lasts longer stays as it is.
   *
   * Resolves to whether the server did it: `false` on a free server, where a reservation lasts as
   * long as the job's `reserveFor` says.
   */
  extend(seconds: number): Promise<boolean>;
}

/**
 * Runs a job. If it throws or rejects, the job fails, and the server retries it by its `retry`. To
 * do something other than succeed or fail, throw or return an outcome: `Discard`, `Kill`,
 * `RetryAfter` or `Snooze`.
 */
export type Handler<
  // deno-lint-ignore no-explicit-any
  Args extends readonly unknown[] | [] = any,
  Jobs extends JobDefinitions = JobDefinitions,
  Type extends string = string,
> = (job: Job<Args, Type>, context: JobContext<Jobs>) => unknown;
