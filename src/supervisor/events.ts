import type { EventNames, ListenerFailure } from "../events.ts";
import type { LostJob } from "../signals/running_jobs.ts";

/** A process that has ended. */
export interface ProcessExit {
  /** Its place among the supervisor's processes, from 0. */
  readonly index: number;
  /** Its process id; `undefined` where it could not be started. */
  readonly pid: number | undefined;
  /** Its exit status; `undefined` where a signal ended it, or it could not be started. */
  readonly code: number | undefined;
  /** The signal that ended it, such as `SIGKILL`. */
  readonly signal: string | undefined;
  /** Why it could not be started. */
  readonly error: Error | undefined;
  /** When it was started. */
  readonly startedAt: Date;
  /** When it had ended. */
  readonly endedAt: Date;
}

/** What a supervisor tells of itself; see `Supervisor.on`. */
export interface SupervisorEvents {
  /** A process was started: `restarts` times before this one, in its place. */
  start: { readonly index: number; readonly pid: number; readonly restarts: number };
  /**
   * A process ended, or could not be started; another takes its place after `retryInMs`, if that is
   * given.
   */
  exit: ProcessExit & { readonly retryInMs: number | undefined };
  /**
   * A process died while it ran jobs, and they were reported; only with the option `producer`.
   * `failed`: those that are failed now, and retried. The others come back when their reservations
   * end, unless their result got through; `error` says why not.
   */
  lost: {
    readonly index: number;
    readonly pid: number | undefined;
    readonly jobs: readonly LostJob[];
    readonly failed: readonly LostJob[];
    readonly error: unknown;
  };
  /**
   * A process ended too often: no other takes its place. `restarts`: how often one did in a row.
   */
  gaveUp: { readonly index: number; readonly restarts: number };
  /** A listener threw. */
  listenerError: ListenerFailure;
}

/** The names of {@linkcode SupervisorEvents}. */
export const SUPERVISOR_EVENTS = {
  start: true,
  exit: true,
  lost: true,
  gaveUp: true,
  listenerError: true,
} as const satisfies EventNames<SupervisorEvents>;
