import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { integerIn, invalidOption, positive } from "../connection/options.ts";
import type { RunOptions } from "./report.ts";

/** Options of {@linkcode Consumer.stop}. */
export interface StopOptions {
  /**
   * Time that running jobs have before they are aborted, in milliseconds. The default for a second
   * stop is 0.
   *
   * @default 25000
   */
  readonly graceMs?: number | undefined;
  /**
   * The reason why the worker cannot continue, such as an uncaught exception. Released jobs are
   * failed with the code `CRASHED`, a message that names this error, and this error as their cause.
   *
   * @default none: the worker stops as planned
   */
  readonly error?: unknown;
}

const STOP_OPTIONS = { graceMs: true, error: true } as const satisfies OptionNames<StopOptions>;

const RUN_OPTIONS = {
  maxJobs: true,
  maxMs: true,
  graceMs: true,
} as const satisfies OptionNames<RunOptions>;

/**
 * Checks the options of a stop.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function checkStopOptions(options: StopOptions): StopOptions {
  checkOptionNames(options, STOP_OPTIONS, "stop");
  return { graceMs: checkGrace(options.graceMs), error: options.error };
}

/**
 * Checks the options of a run.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function checkRunOptions(options: RunOptions): RunOptions {
  checkOptionNames(options, RUN_OPTIONS, "run");
  const { maxJobs, maxMs, graceMs } = options;
  const max = Number.MAX_SAFE_INTEGER;
  if (maxJobs !== undefined) integerIn("maxJobs", maxJobs, { min: 1, max, fallback: 1 });
  if (maxMs !== undefined) positive("maxMs", maxMs, 1);
  return { maxJobs, maxMs, graceMs: checkGrace(graceMs) };
}

function checkGrace(graceMs: unknown): number | undefined {
  if (graceMs === undefined || (typeof graceMs === "number" && graceMs >= 0)) return graceMs;
  throw invalidOption("graceMs", "a number of 0 or more", graceMs);
}
