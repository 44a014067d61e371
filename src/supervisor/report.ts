import type { ProcessExit } from "./events.ts";

/**
 * Why a supervisor's run ended: a call of `stop` (or the `signal` option), a signal of the
 * operating system, or because no process was left that could be started again: all `ended` as they
 * meant to, or at least one place was given up.
 */
export type SupervisorEndReason = "stopped" | "signal" | "ended" | "gaveUp";

/** How a supervisor's run ended. */
export interface SupervisorReport {
  /** Why it ended. */
  readonly reason: SupervisorEndReason;
  /** How the last process of each place ended, by place. */
  readonly exits: readonly ProcessExit[];
  /** How often a process took the place of one that had ended. */
  readonly restarts: number;
}

/** Runs; ended, and another is to take its place; ended for good. */
export type ProcessState = "running" | "waiting" | "ended";

/** A place for a process, and the process in it. */
export interface SupervisedProcess {
  /** Its place among the supervisor's processes, from 0. */
  readonly index: number;
  /** The id of the process that runs, if one does. */
  readonly pid: number | undefined;
  /** What it is doing. */
  readonly state: ProcessState;
  /** When the process that runs, or was the last to, was started. */
  readonly startedAt: Date;
  /** How often a process took the place of one that had ended. */
  readonly restarts: number;
}
