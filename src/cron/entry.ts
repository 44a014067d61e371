import { ConfigError } from "../errors.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { showText, showValue } from "../internal/show.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import type { DurationText } from "../job/duration.ts";
import type { TypedJob } from "../job/typed.ts";
import { cronFirings, everyFirings, type Firings, refused } from "./firings.ts";

/** Treatment of firings that passed while no process ran the schedule. */
export type CatchUp = "none" | "last" | "all";

/**
 * A recurring job: the times at which it is enqueued, and the job. Set either `cron` or `every`.
 */
export interface ScheduleEntry<Jobs extends JobDefinitions = JobDefinitions> {
  /**
   * A cron expression with five fields (minute, hour, day, month, day of the week), or six with the
   * second first. Also `@hourly`, `@daily`, `@weekly`, `@monthly` or `@yearly`.
   *
   * @default none: set `every`
   */
  readonly cron?: string | undefined;
  /** The time zone of `cron`, for example `Europe/Berlin`. @default "UTC" */
  readonly timeZone?: string | undefined;
  /**
   * Fires at the multiples of this duration since 1970, instead of `cron`: milliseconds, or a text
   * such as `"30s"`. Whole seconds, at least five.
   *
   * @default none: set `cron`
   */
  readonly every?: number | DurationText | undefined;
  /**
   * The job, or a function that returns the job for a firing. The function must return the same job
   * for the same time in every process, so it must not use random ids. The schedule sets `jid`,
   * `at` and `createdAt`.
   */
  readonly job: TypedJob<Jobs> | ((firing: Date) => TypedJob<Jobs>);
  /**
   * Firings to enqueue late, because no process ran the schedule at their time and they were not
   * pushed in advance (see `ahead`): `"none"`, only the `"last"` of them, or `"all"`. `"last"` and
   * `"all"` need Faktory 1.9.2 or later.
   *
   * @default "none"
   */
  readonly catchUp?: CatchUp | undefined;
}

/** The entries of a schedule, by name. Names consist of letters, digits, `.`, `_` and `-`. */
export type ScheduleEntries<Jobs extends JobDefinitions = JobDefinitions> = Readonly<
  Record<string, ScheduleEntry<Jobs>>
>;

/** A checked entry. */
export interface CheckedEntry {
  readonly name: string;
  readonly firings: Firings;
  readonly job: unknown;
  readonly catchUp: CatchUp;
}

const ENTRY_OPTIONS = {
  cron: true,
  timeZone: true,
  every: true,
  job: true,
  catchUp: true,
} as const satisfies OptionNames<ScheduleEntry>;

const NAME = /^[a-zA-Z0-9._-]{1,64}$/;

/** @throws {ConfigError} `INVALID_OPTION`. */
export function checkName(what: string, name: unknown): string {
  if (typeof name === "string" && NAME.test(name)) return name;
  throw new ConfigError(
    "INVALID_OPTION",
    `Cannot use ${what} as its name is not 1 to 64 letters, digits, ".", "_" and "-": got ${
      showValue(name)
    }`,
  );
}

/** @throws {ConfigError} `INVALID_OPTION`. */
export function checkEntries(entries: unknown): CheckedEntry[] {
  if (typeof entries !== "object" || entries === null || Array.isArray(entries)) {
    throw new ConfigError(
      "INVALID_OPTION",
      `Cannot create a schedule as its entries are not an object: got ${showValue(entries)}`,
    );
  }
  return Object.entries(entries).map(([name, entry]) =>
    checkEntry(checkName("the entry", name), entry)
  );
}

function checkEntry(name: string, entry: unknown): CheckedEntry {
  checkOptionNames(entry, ENTRY_OPTIONS, `the entry ${showText(name)}`);
  const { cron, timeZone, every, job, catchUp = "none" } = entry as ScheduleEntry;
  if ((cron === undefined) === (every === undefined)) {
    throw refused(name, "it does not have exactly one of cron and every");
  }
  if (every !== undefined && timeZone !== undefined) {
    throw refused(name, "it has a timeZone, which needs cron");
  }
  if (catchUp !== "none" && catchUp !== "last" && catchUp !== "all") {
    throw refused(name, `its catchUp is not "none", "last" or "all": got ${showValue(catchUp)}`);
  }
  if (typeof job !== "function" && (typeof job !== "object" || job === null)) {
    throw refused(name, `its job is neither a job nor a function: got ${showValue(job)}`);
  }
  const firings = cron === undefined
    ? everyFirings(name, every)
    : cronFirings(name, cron, timeZone ?? "UTC");
  return { name, firings, job, catchUp };
}
