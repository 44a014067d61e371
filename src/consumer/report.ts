import type { Job } from "../job/job.ts";

/** Options of `Consumer.run` and `runToCompletion`: limits that end the run. */
export interface RunOptions {
  /** Ends the run when this many jobs have started and ended, at least 1. @default no limit */
  readonly maxJobs?: number | undefined;
  /**
   * Ends the run after this time, in milliseconds. Running jobs may end first, as with `stop`.
   *
   * @default no limit
   */
  readonly maxMs?: number | undefined;
  /**
   * Time that running jobs have after `maxMs` before they are aborted, in milliseconds.
   *
   * @default 25000
   */
  readonly graceMs?: number | undefined;
}

/** Limits that end a session. */
export interface SessionLimits extends RunOptions {
  /** Ends when the queues are empty and no job runs. @default false */
  readonly untilEmpty?: boolean | undefined;
  /** Rejects if no FETCH is answered within one command timeout. @default false */
  readonly failsWithoutAnswer?: boolean | undefined;
  /**
   * Ends at the first empty answer to a FETCH. For a server that answers without a job only if none
   * is left.
   *
   * @default false
   */
  readonly trustsEmpty?: boolean | undefined;
}

/**
 * The reason why a run ended: `stop()` or the `signal` option, a signal of the operating system,
 * the server, empty queues, or the limits `maxJobs` and `maxMs`.
 */
export type EndReason = "stopped" | "signal" | "server" | "empty" | "limit" | "time";

/** Returns the report of a run without jobs. */
export function emptyReport(): Report {
  const counts = { done: 0, failed: 0, dead: 0, dropped: 0 };
  return { reason: "stopped", ...counts, unfinished: [], unreported: [] };
}

/** The result of a run. */
export interface Report {
  /** The reason why it ended. */
  readonly reason: EndReason;
  /** Jobs whose handler succeeded, or ended with a `Discard` or a `Snooze`. */
  readonly done: number;
  /** Jobs whose handler failed, or that had no handler. */
  readonly failed: number;
  /** Failed jobs that are now dead, or moved to a dead letter queue. */
  readonly dead: number;
  /** Failed jobs that the server dropped, as their `retry` is 0. */
  readonly dropped: number;
  /**
   * Jobs that a stop released to the server by FAIL, because their handlers had not ended or not
   * started.
   */
  readonly unfinished: readonly Job[];
  /**
   * Jobs whose result the server had not confirmed at the end of the stop, including those of
   * `unfinished`.
   */
  readonly unreported: readonly Job[];
}
