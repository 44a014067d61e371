/** The end of a process. */
export interface ProcessEnd {
  /** The exit status. `undefined` if a signal ended the process, or it could not be started. */
  readonly code: number | undefined;
  /** The signal that ended the process, such as `SIGKILL`. */
  readonly signal: string | undefined;
  /** The reason why the process could not be started. */
  readonly error: Error | undefined;
}

/** The signals that are forwarded. */
export type ForwardedSignal = "SIGTERM" | "SIGTSTP" | "SIGTTIN";

/** A child process. */
export interface Child {
  /** The process id. `undefined` if the process could not be started. */
  readonly pid: number | undefined;
  /** Sends a signal. Does nothing if the system does not have it. */
  send(signal: ForwardedSignal): void;
  /** Kills the process and, if the system allows it, the processes that it has started. */
  kill(): void;
}

/**
 * Starts the process of slot `index`. Never throws. Calls `onEnd` once, and only after returning.
 */
export type Spawn = (index: number, ended: (end: ProcessEnd) => void) => Child;
