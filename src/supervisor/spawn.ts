/** How a process ended. */
export interface ProcessEnd {
  /** Its exit status; `undefined` where a signal ended it, or it could not be started. */
  readonly code: number | undefined;
  /** The signal that ended it, such as `SIGKILL`. */
  readonly signal: string | undefined;
  /** Why it could not be started. */
  readonly error: Error | undefined;
}

/** The signals that are passed on. */
export type ForwardedSignal = "SIGTERM" | "SIGTSTP" | "SIGTTIN";

/** A process that was started. */
export interface Child {
  /** `undefined` where it could not be started. */
  readonly pid: number | undefined;
  /** Sends it a signal. Does nothing where the system has no such signal. */
  send(signal: ForwardedSignal): void;
  /** Ends it by force, and with it what it has started itself where that can be had. */
  kill(): void;
}

/**
 * Starts the process for the place `index`. Never throws; `ended` is called once, and not before
 * this has returned.
 */
export type Spawn = (index: number, ended: (end: ProcessEnd) => void) => Child;
