import type { JobDefinitions } from "../job/catalogue.ts";
import type { Job } from "../job/job.ts";
import type { Producer } from "../producer/producer.ts";
import type { Logger } from "./logger.ts";

/** What a handler is given beside its job. */
export interface JobContext<Jobs extends JobDefinitions = JobDefinitions> {
  /**
   * Aborted when the handler has to end, with a `JobAbortedError` as its reason: `RESERVATION_EXPIRED` when the job's
   * reservation is about to end, after which the server gives the job to another worker; `STOPPED` when a stop has run out
   * of patience; `TIMED_OUT` when the job has taken longer than its own `timeoutMs`.
   */
  readonly signal: AbortSignal;
  /** 1 the first time that the job runs, 2 at its first retry, and so on. */
  readonly attempt: number;
  /**
   * Enqueues jobs of the same catalogue, and speaks the server's other commands, over the consumer's own connections. While the
   * server is gone, its calls wait for it, until the consumer has stopped.
   */
  readonly producer: Producer<Jobs>;
  /** The consumer's `logger`, with the job's id, type, queue and attempt in each message's fields. */
  readonly log: Logger;
  /**
   * Tells the server how far the job is: `percent`, an integer from 0 to 100, and a text (TRACK SET, Enterprise).
   *
   * Resolves to whether the server took it. A free server keeps no progress: then it is `false`, and the consumer emits
   * one `warning`. An error rejects the promise, which need not be awaited, as does a server that has not answered within
   * `commandTimeoutMs`.
   */
  progress(percent: number, text?: string): Promise<boolean>;
  /**
   * Keeps the job reserved until so many seconds from now, so that `signal` fires later (TRACK SET, Enterprise). A
   * reservation that lasts longer anyway stays as it is.
   *
   * Resolves to whether the server took it: `false` on a free server, where a reservation lasts as long as the job's
   * `reserveFor` said when it was enqueued.
   */
  extend(seconds: number): Promise<boolean>;
}

/**
 * Runs a job. What it throws, or rejects with, fails the job: the server tries it again, or not, by its `retry`. An
 * outcome (`Discard`, `Kill`, `RetryAfter`, `Snooze`), thrown or returned, says what else is to become of the job.
 */
export type Handler<
  // deno-lint-ignore no-explicit-any
  Args extends readonly unknown[] | [] = any,
  Jobs extends JobDefinitions = JobDefinitions,
  Type extends string = string,
> = (job: Job<Args, Type>, context: JobContext<Jobs>) => unknown;
