import type { Clock } from "../internal/clock.ts";
import type { Crash } from "./crashes.ts";
import type { SignalActions } from "../signals/process_signals.ts";

/** Where text goes. */
export interface TextOutput {
  write(text: string): void;
  /** Whether it is a terminal, for people to read. */
  readonly isTerminal: boolean;
  /** How wide the terminal is, in characters. */
  readonly columns: number | undefined;
  /** How high it is, in lines. */
  readonly rows?: number | undefined;
}

/** All that the command has to do with its surroundings, so that tests can be these. */
export interface CliIo {
  /** Results. */
  readonly stdout: TextOutput;
  /** Errors and warnings. */
  readonly stderr: TextOutput;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /**
   * Aborted once the user, or the system, wants the command to end; its reason is an {@linkcode
   * Interruption}.
   */
  readonly signal: AbortSignal;
  /** What was typed, behind the program's name. */
  readonly args: readonly string[];
  /**
   * What this runtime runs to be this command once more, in a process of its own: a path or a URL.
   */
  readonly program: string;
  /**
   * The path of this command where it is one executable file, which is to be run in place of
   * `program`.
   */
  readonly executable?: string | undefined;
  /**
   * Leaves the operating system's signals to the command: until the function returned is called,
   * none of them aborts `signal` or ends the process.
   */
  heed(actions: SignalActions): () => void;
  /**
   * Hears of what would end the process by a fault of the program, in place of that, until the
   * function returned is called. Absent where nothing does.
   */
  readonly hearCrashes?: ((crashed: (crash: Crash) => void) => () => void) | undefined;
  /**
   * Hears each key by itself, before Enter, until the function returned is called. Absent where
   * nobody types.
   */
  readonly keys?: ((heard: (key: string) => void) => () => void) | undefined;
  /** Where waits and times of the day come from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** Resolves once the command is to end. */
export function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Why {@linkcode CliIo.signal} is aborted. */
export class Interruption extends Error {
  /** The exit status of a command that a signal has cut short. */
  readonly status: number;

  /** The signal's name. */
  readonly signal: string;

  /** `status` is 128 and the signal's number. */
  constructor(signal: string, status: number) {
    super(`Interrupted by ${signal}`);
    this.name = "Interruption";
    this.signal = signal;
    this.status = status;
  }
}
