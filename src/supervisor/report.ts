import type { ProcessExit } from "./events.ts";

/**
 * The reason for the end of a supervisor's run: a call of `stop` or the option `signal`, a signal
 * of the operating system, or no process left to restart. In the last case, the reason is `ended`
 * if all processes ended normally, or `gaveUp` if at least one had used up its restarts.
 */
export type SupervisorEndReason = "stopped" | "signal" | "ended" | "gaveUp";

/** The result of a supervisor's run. */
export interface SupervisorReport {
  /** The reason for the end. */
  readonly reason: SupervisorEndReason;
  /** The last exit of each slot, by slot. */
  readonly exits: readonly ProcessExit[];
  /** Number of restarts. */
  readonly restarts: number;
}

/** State of a slot: the process runs, a restart is due, or the process has ended for good. */
export type ProcessState = "running" | "waiting" | "ended";

/** A slot, and the process in it. */
export interface SupervisedProcess {
  /** The number of the slot, from 0. */
  readonly index: number;
  /** The id of the running process, if there is one. */
  readonly pid: number | undefined;
  /** The state of the slot. */
  readonly state: ProcessState;
  /** When the current or last process was started. */
  readonly startedAt: Date;
  /** Number of restarts in this slot. */
  readonly restarts: number;
}
