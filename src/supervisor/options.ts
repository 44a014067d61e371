import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { integerIn, invalidOption, positive } from "../connection/options.ts";
import { ConfigError } from "../errors.ts";
import type { BackoffOptions } from "../internal/backoff.ts";
import type { Clock } from "../internal/clock.ts";
import { isExecutable } from "../internal/environment.ts";
import { isUrl } from "../internal/kinds.ts";
import type { CommandSender } from "./lost_jobs.ts";
import { cores, type Program } from "./spawner.ts";

/**
 * The ends after which a process is restarted: `on-failure` means a signal or a status other than
 * 0.
 */
export type RestartPolicy = "on-failure" | "always" | "never";

/** Delays before a restart. They double, with jitter over their upper half. */
export interface RestartBackoff {
  /** The first delay, in ms. @default 1000 */
  readonly initialMs?: number | undefined;
  /** The longest delay, in ms. @default 30000 */
  readonly maxMs?: number | undefined;
  /**
   * A process that ran for this long, in ms, counts as healthy: its next delay is the first one
   * again.
   *
   * @default 60000
   */
  readonly resetAfterMs?: number | undefined;
}

/** Options of a supervisor. */
export interface SupervisorOptions {
  /** Number of processes, 1 to 1000. @default the number of the machine's cores */
  readonly processes?: number | undefined;
  /** Arguments of the module. @default [] */
  readonly args?: readonly string[] | undefined;
  /** Environment variables of the processes, in addition to the supervisor's. @default {} */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * The program that runs the module. Required if this program is a single executable file (`bun
   * build --compile`). It may be `process.execPath`: `module` is then the program's first argument
   * and tells it to run as a worker.
   *
   * @default the runtime of this process
   */
  readonly command?: string | undefined;
  /**
   * Arguments of the runtime, before the module.
   *
   * @default Deno: `["run", "-A"]`; Node: those of this process; Bun: none
   */
  readonly runtimeArgs?: readonly string[] | undefined;
  /** The ends after which a process is restarted. @default "on-failure" */
  readonly restart?: RestartPolicy | undefined;
  /** Delays before restarts. @default {} */
  readonly backoff?: RestartBackoff | undefined;
  /**
   * Maximum number of restarts of a process in a row, without a run of `resetAfterMs` in between.
   *
   * @default Infinity
   */
  readonly maxRestarts?: number | undefined;
  /**
   * Time for the processes to end after a stop, in ms. Processes that still run are then killed.
   *
   * @default 30000
   */
  readonly graceMs?: number | undefined;
  /**
   * Reports the jobs that a crashed process was running as failed (FAIL), so that the server
   * retries them. Without it, they run again when their reservations expire, by default after half
   * an hour. For this, the processes keep the ids of their running jobs in a temporary folder. See
   * the event `lost`.
   *
   * @default none
   */
  readonly producer?: CommandSender | undefined;
  /**
   * Handles the operating system's signals during a run and passes them on: SIGTERM and SIGINT stop
   * the supervisor (each of them sends a SIGTERM to all processes), SIGTSTP and SIGTTIN are
   * forwarded. The program itself is never ended. Ignored on systems without these signals.
   *
   * @default false
   */
  readonly handleSignals?: boolean | undefined;
  /** Stops the supervisor. @default none */
  readonly signal?: AbortSignal | undefined;
  /**
   * The source of time and timers. Tests pass a `ManualClock` from `./server`.
   *
   * @default the machine's clock
   */
  readonly clock?: Clock | undefined;
}

const SUPERVISOR_OPTIONS = {
  processes: true,
  args: true,
  env: true,
  command: true,
  runtimeArgs: true,
  restart: true,
  backoff: true,
  maxRestarts: true,
  graceMs: true,
  producer: true,
  handleSignals: true,
  signal: true,
  clock: true,
} as const satisfies OptionNames<SupervisorOptions>;

const BACKOFF_OPTIONS = {
  initialMs: true,
  maxMs: true,
  resetAfterMs: true,
} as const satisfies OptionNames<RestartBackoff>;

/** Checked options with defaults. */
export interface SupervisorSettings {
  readonly program: Program;
  readonly processes: number;
  readonly restart: RestartPolicy;
  readonly backoff: BackoffOptions & { readonly resetAfterMs: number };
  readonly maxRestarts: number;
  readonly graceMs: number;
  readonly producer: CommandSender | undefined;
}

const POLICIES: readonly unknown[] = ["on-failure", "always", "never"];

/**
 * Checks a supervisor's module and options.
 *
 * @throws {ConfigError} `INVALID_OPTION`, `UNSUPPORTED_RUNTIME`.
 */
export function resolveSettings(
  module: string | URL,
  options: SupervisorOptions,
): SupervisorSettings {
  checkOptionNames(options, SUPERVISOR_OPTIONS, "Supervisor");
  const { restart = "on-failure", backoff = {}, maxRestarts = Infinity } = options;
  if (!(isUrl(module) || (typeof module === "string" && module !== ""))) {
    throw invalidOption("module", "a URL or a path", module);
  }
  if (options.command === undefined && isExecutable()) {
    throw new ConfigError(
      "UNSUPPORTED_RUNTIME",
      "Cannot start processes as this program is a single executable file: " +
        "pass the option command",
    );
  }
  if (!POLICIES.includes(restart)) {
    throw invalidOption("restart", `one of ${POLICIES.join(", ")}`, restart);
  }
  if (maxRestarts !== Infinity && !(Number.isSafeInteger(maxRestarts) && maxRestarts >= 0)) {
    throw invalidOption("maxRestarts", "an integer of 0 or more, or Infinity", maxRestarts);
  }
  if (typeof backoff !== "object" || backoff === null) {
    throw invalidOption("backoff", "an object", backoff);
  }
  checkOptionNames(backoff, BACKOFF_OPTIONS, "backoff", "backoff.");
  const initialMs = positive("backoff.initialMs", backoff.initialMs, 1000);
  return {
    program: {
      module,
      args: checkTexts("args", options.args ?? []),
      env: checkEnv(options.env ?? {}),
      command: checkText("command", options.command),
      runtimeArgs: options.runtimeArgs && checkTexts("runtimeArgs", options.runtimeArgs),
    },
    processes: integerIn("processes", options.processes, {
      min: 1,
      max: 1000,
      fallback: cores(),
    }),
    restart,
    backoff: {
      initialMs,
      maxMs: Math.max(initialMs, positive("backoff.maxMs", backoff.maxMs, 30_000)),
      resetAfterMs: positive("backoff.resetAfterMs", backoff.resetAfterMs, 60_000),
    },
    maxRestarts,
    graceMs: checkGrace(options.graceMs) ?? 30_000,
    producer: checkProducer(options.producer),
  };
}

/**
 * Checks the time for processes to end.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function checkGrace(graceMs: number | undefined): number | undefined {
  if (graceMs === undefined || (typeof graceMs === "number" && graceMs >= 0)) return graceMs;
  throw invalidOption("graceMs", "a number of 0 or more", graceMs);
}

function checkProducer(producer: CommandSender | undefined): CommandSender | undefined {
  if (producer === undefined || typeof producer?.command === "function") return producer;
  throw invalidOption("producer", "a Producer", producer);
}

function checkText(name: string, text: unknown): string | undefined {
  if (text === undefined || (typeof text === "string" && text !== "")) return text;
  throw invalidOption(name, "a non-empty string", text);
}

function checkTexts(name: string, texts: unknown): readonly string[] {
  if (Array.isArray(texts) && texts.every((text) => typeof text === "string")) return texts;
  // The value is not shown: arguments and environment variables may contain passwords.
  throw invalidOption(name, "an array of strings", typeof texts);
}

function checkEnv(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const isObject = typeof env === "object" && env !== null;
  if (isObject && Object.values(env).every((value) => typeof value === "string")) return env;
  throw invalidOption("env", "an object of strings", typeof env);
}
