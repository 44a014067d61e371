import type { Job } from "../job/job.ts";

/** Options of `Consumer.run` and `runToCompletion`: when the run ends by itself. */
export interface RunOptions {
  /** Ends when this many jobs have begun and ended, 1 or more. @default none */
  readonly maxJobs?: number | undefined;
  /**
   * Ends after this time, in milliseconds. Running jobs may then end, as after `stop`. @default
   * none
   */
  readonly maxMs?: number | undefined;
  /**
   * How long running jobs may go on after `maxMs` before they are aborted, in milliseconds.
   * @default 25000
   */
  readonly graceMs?: number | undefined;
}

/** When a session ends by itself. */
export interface SessionLimits extends RunOptions {
  /** Ends when the queues are empty and nothing runs. @default false */
  readonly untilEmpty?: boolean | undefined;
  /** Rejects if no FETCH is answered within one command timeout. @default false */
  readonly failsWithoutAnswer?: boolean | undefined;
  /**
   * The server answers a FETCH with nothing only if nothing is left, so one such answer is enough.
   * @default false
   */
  readonly trustsEmpty?: boolean | undefined;
}

/**
 * Why a run ended: `stop()` or the `signal` option, a signal of the operating system, the server,
 * empty queues, or the limits `maxJobs` and `maxMs`.
 */
export type EndReason = "stopped" | "signal" | "server" | "empty" | "limit" | "time";

/** The report of a run in which nothing happened. */
export function emptyReport(): Report {
  const counts = { done: 0, failed: 0, dead: 0, dropped: 0 };
  return { reason: "stopped", ...counts, unfinished: [], unreported: [] };
}

/** The result of a run. */
export interface Report {
  /** Why it ended. */
  readonly reason: EndReason;
  /** Jobs whose handler succeeded, or ended with a `Discard` or a `Snooze`. */
  readonly done: number;
  /** Jobs whose handler failed, or that had no handler. */
  readonly failed: number;
  /** Failed jobs that are dead now, or moved to a dead letter queue. */
  readonly dead: number;
  /** Failed jobs that the server dropped, as their `retry` is 0. */
  readonly dropped: number;
  /**
   * Jobs that a stop released to the server by FAIL: their handlers had not ended, or not begun.
   */
  readonly unfinished: readonly Job[];
  /**
   * Jobs whose result the server had not confirmed when the stop was over, those of `unfinished`
   * included.
   */
  readonly unreported: readonly Job[];
}
