import type { Clock } from "../internal/clock.ts";
import type { Crash } from "./crashes.ts";
import type { SignalActions } from "../signals/process_signals.ts";

/** A text stream. */
export interface TextOutput {
  write(text: string): void;
  /** True if a person reads it on a terminal. */
  readonly isTerminal: boolean;
  /** Width of the terminal in characters. */
  readonly columns: number | undefined;
  /** Height of the terminal in lines. */
  readonly rows?: number | undefined;
}

/** The command's access to its environment. Tests pass their own. */
export interface CliIo {
  /** For results. */
  readonly stdout: TextOutput;
  /** For errors and warnings. */
  readonly stderr: TextOutput;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /**
   * Aborted when the user or the system wants the command to end. The reason is an {@linkcode
   * Interruption}.
   */
  readonly signal: AbortSignal;
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  /** The path or URL that starts this command again in another process. */
  readonly program: string;
  /**
   * The path of the command if it is a single executable file. It is then started in place of
   * `program`.
   */
  readonly executable?: string | undefined;
  /**
   * Passes the operating system's signals to the command. Until the returned function is called,
   * they neither abort `signal` nor end the process.
   */
  handleSignals(actions: SignalActions): () => void;
  /**
   * Calls back on crashes of the program, which then do not end the process, until the returned
   * function is called. `undefined` if crashes are not intercepted.
   */
  readonly onCrash?: ((crashed: (crash: Crash) => void) => () => void) | undefined;
  /**
   * Calls back on each key, before Enter, until the returned function is called. `undefined`
   * without a keyboard.
   */
  readonly onKey?: ((heard: (key: string) => void) => () => void) | undefined;
  /** The source of time and timers. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** Resolves when the command should end. */
export function untilInterrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The reason of {@linkcode CliIo.signal}. */
export class Interruption extends Error {
  /** The exit status of a command that was ended by a signal. */
  readonly status: number;

  /** The signal's name. */
  readonly signal: string;

  /** `status` is 128 plus the signal's number. */
  constructor(signal: string, status: number) {
    super(`Interrupted by ${signal}`);
    this.name = "Interruption";
    this.signal = signal;
    this.status = status;
  }
}
