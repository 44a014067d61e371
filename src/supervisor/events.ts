import type { EventNames, ListenerFailure } from "../events.ts";
import type { LostJob } from "../signals/running_jobs.ts";

/** A process that has ended. */
export interface ProcessExit {
  /** The number of the process's slot, from 0. */
  readonly index: number;
  /** The process id. `undefined` if the process could not be started. */
  readonly pid: number | undefined;
  /** The exit status. `undefined` if a signal ended the process, or it could not be started. */
  readonly code: number | undefined;
  /** The signal that ended the process, such as `SIGKILL`. */
  readonly signal: string | undefined;
  /** The reason why the process could not be started. */
  readonly error: Error | undefined;
  /** When the process was started. */
  readonly startedAt: Date;
  /** When the process had ended. */
  readonly endedAt: Date;
}

/** The events of a supervisor. See `Supervisor.on`. */
export interface SupervisorEvents {
  /** A process was started. `restarts` is the number of earlier restarts in its slot. */
  start: { readonly index: number; readonly pid: number; readonly restarts: number };
  /**
   * A process ended, or could not be started. If `retryInMs` is given, it is restarted after this
   * time.
   */
  exit: ProcessExit & { readonly retryInMs: number | undefined };
  /**
   * A process crashed while it ran jobs, and the supervisor has reported them. Only with the option
   * `producer`. `failed` lists the jobs that the server has accepted as failed and retries. The
   * other jobs run again when their reservations expire, unless their result was reported; `error`
   * is the reason why they could not be reported.
   */
  lost: {
    readonly index: number;
    readonly pid: number | undefined;
    readonly jobs: readonly LostJob[];
    readonly failed: readonly LostJob[];
    readonly error: unknown;
  };
  /**
   * A process ended too often and is not restarted. `restarts` is the number of restarts in a row.
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
