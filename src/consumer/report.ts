import type { Job } from "../job/job.ts";

/** When a run ends by itself. */
export interface RunLimits {
  /** Once so many jobs have begun and ended, 1 or more. @default none */
  readonly maxJobs?: number | undefined;
  /** After so long, in milliseconds: then running jobs may end, as after `stop`. @default none */
  readonly maxMs?: number | undefined;
  /** How long running jobs may go on after `maxMs` before they are aborted, in milliseconds. @default 25000 */
  readonly graceMs?: number | undefined;
}

/** When a session ends by itself. */
export interface SessionLimits extends RunLimits {
  /** Once the queues are empty and nothing runs. @default false */
  readonly untilEmpty?: boolean | undefined;
  /** The server answers a FETCH with nothing only when nothing is left, so that its word is taken at once. @default false */
  readonly trustsEmpty?: boolean | undefined;
}

/**
 * Why a run ended: a call of `stop` (or the `signal` option), a signal of the operating system, the server's word, empty
 * queues, or as many jobs or as much time as were asked for.
 */
export type EndReason = "stopped" | "signal" | "server" | "empty" | "limit" | "time";

/** How a run ended. */
export interface Report {
  /** Why it ended. */
  readonly reason: EndReason;
  /** Jobs whose handler ended well, or with a `Discard` or a `Snooze`. */
  readonly done: number;
  /** Jobs whose handler failed, or that had none. */
  readonly failed: number;
  /** Jobs that a stop gave back to the server by FAIL: their handlers had not ended, or not begun. */
  readonly unfinished: readonly Job[];
}
