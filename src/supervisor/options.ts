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
 * After which ends another process takes the place of one: those with a status other than 0 or by a
 * signal, all, none.
 */
export type RestartPolicy = "on-failure" | "always" | "never";

/**
 * How long to wait before a process takes the place of one that ended. The waits double, with
 * jitter over their upper half.
 */
export interface RestartBackoff {
  /** The first wait, in milliseconds. @default 1000 */
  readonly initialMs?: number | undefined;
  /** The longest wait, in milliseconds. @default 30000 */
  readonly maxMs?: number | undefined;
  /**
   * A process that ran for so long, in milliseconds, did start: the next wait is the first again.
   * @default 60000
   */
  readonly resetAfterMs?: number | undefined;
}

/** Options of a supervisor. */
export interface SupervisorOptions {
  /**
   * Processes that run at the same time, 1 to 1000. @default as many as the machine has cores for
   */
  readonly processes?: number | undefined;
  /** Arguments of the module. @default [] */
  readonly args?: readonly string[] | undefined;
  /** Environment variables of the processes, on top of the supervisor's own. @default {} */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * The program that runs the module. A program that was compiled to one executable file (`bun
   * build --compile`) has to name one. It may name itself, `process.execPath`: then `module` is its
   * first argument, and tells it to be a worker.
   *
   * @default the runtime that this process runs in
   */
  readonly command?: string | undefined;
  /**
   * Arguments of that program, which stand before the module.
   *
   * @default Deno `["run", "-A"]`; Node what this process was given, such as `["--import", "tsx"]`;
   * else none
   */
  readonly runtimeArgs?: readonly string[] | undefined;
  /** After which ends a process is started again. @default "on-failure" */
  readonly restart?: RestartPolicy | undefined;
  /** How long to wait before that. */
  readonly backoff?: RestartBackoff | undefined;
  /**
   * How often in a row, without a run of `resetAfterMs`, before its place is given up. @default
   * Infinity
   */
  readonly maxRestarts?: number | undefined;
  /**
   * How long processes may take to end once they are told to, in milliseconds, before they are
   * killed. @default 30000
   */
  readonly graceMs?: number | undefined;
  /**
   * Reports the jobs that a process ran when it died as failed (FAIL), so that the server retries
   * them; without it, they come back when their reservations end, after half an hour by default.
   * The processes keep the ids of their running jobs in a temporary folder for that. See the event
   * `lost`.
   *
   * @default none
   */
  readonly producer?: CommandSender | undefined;
  /**
   * Heeds the operating system's signals while it runs, on systems that have them, and passes them
   * on: TERM and INT stop it (each process gets a TERM at each of them), TSTP is TSTP, TTIN is
   * TTIN. The program itself is never ended.
   *
   * @default false
   */
  readonly handleSignals?: boolean | undefined;
  /** Stops it. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Where time comes from; a `ManualClock` of `./server` lets tests move it. @default the machine's
   * clock
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

/** {@linkcode SupervisorOptions}, checked, with their defaults in place. */
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
      "Cannot start processes as this program is one executable file, which can run only itself: " +
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
 * Checks how long processes may take to end.
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
  throw invalidOption(name, "a text that is not empty", text);
}

function checkTexts(name: string, texts: unknown): readonly string[] {
  if (Array.isArray(texts) && texts.every((text) => typeof text === "string")) return texts;
  // Not shown: passwords travel by arguments, and by the environment.
  throw invalidOption(name, "an array of strings", typeof texts);
}

function checkEnv(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const isObject = typeof env === "object" && env !== null;
  if (isObject && Object.values(env).every((value) => typeof value === "string")) return env;
  throw invalidOption("env", "an object of strings", typeof env);
}
