import { ConfigError } from "../../errors.ts";
import { isError } from "../../internal/kinds.ts";
import { checkOptionNames, type OptionNames } from "../../internal/option_names.ts";
import { showText, showValue } from "../../internal/show.ts";
import { encodeJob } from "../../job/encode.ts";
import { GoError } from "../go/error.ts";
import type { ServerRecurring } from "../../inspect/types.ts";
import type { Work } from "../slices.ts";
import { readJob, type StoredJob } from "../stored_job.ts";

/**
 * A recurring job of the server, as in `[[cron]]` and `[cron.job]` of Faktory Enterprise's
 * configuration.
 */
export interface ServerCron {
  /** A cron expression of five fields, in UTC: minute, hour, day, month, day of the week. */
  readonly schedule: string;
  /** The job, with the field names of that configuration. */
  readonly job: {
    /** The job's type, which selects the handler. */
    readonly type: string;
    /** The job's arguments. @default [] */
    readonly args?: readonly unknown[] | undefined;
    /** The job's queue. @default "default" */
    readonly queue?: string | undefined;
    /** Maximum number of retries. @default 25 */
    readonly retry?: number | undefined;
    /** Seconds that a worker may take for the job. @default 1800 */
    readonly reserve_for?: number | undefined;
    /** The job's `custom` data. @default {} */
    readonly custom?: Record<string, unknown> | undefined;
  };
}

/** Minimum and maximum of each field, and the names of its values. */
const FIELDS: readonly { readonly min: number; readonly max: number; readonly names?: string }[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: "jan feb mar apr may jun jul aug sep oct nov dec" },
  { min: 0, max: 7, names: "sun mon tue wed thu fri sat" },
];

const NICKNAMES: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Maximum number of missed minutes to catch up on after the clock has jumped. */
const MAX_MINUTES = 1440;

const CRON_OPTIONS = { schedule: true, job: true } as const satisfies OptionNames<ServerCron>;

const JOB_OPTIONS = {
  type: true,
  args: true,
  queue: true,
  retry: true,
  reserve_for: true,
  custom: true,
} as const satisfies OptionNames<ServerCron["job"]>;

interface Entry {
  readonly schedule: string;
  readonly fires: Expression;
  readonly make: (minute: Date) => StoredJob;
}

/** A cron expression: tests of parts of a time. */
interface Expression {
  isDay(time: Date): boolean;
  isHour(time: Date): boolean;
  isMinute(time: Date): boolean;
}

/** Number of firings to list for each entry. */
const LISTED = 3;

/** Limit of the search for firings. Two leap days can be eight years apart. */
const MAX_AHEAD_MS = LISTED * 8 * 366 * 86_400_000;

/** Enqueues recurring jobs. */
export class Cron {
  readonly #entries: readonly Entry[];
  readonly #push: (job: StoredJob) => void;
  /** The last minute that was processed, counted since 1970. */
  #last: number;

  /** @throws {ConfigError} `INVALID_OPTION`. */
  constructor(entries: unknown, { now, push }: { now: number; push: (job: StoredJob) => void }) {
    if (!Array.isArray(entries)) throw invalidCron(`it is not an array: got ${showValue(entries)}`);
    this.#entries = entries.map(entryOf);
    this.#push = push;
    this.#last = Math.floor(now / MINUTE_MS);
  }

  /** Enqueues the jobs that have become due since the last call. Returns their number. */
  *run(now: number): Work<number> {
    const current = Math.floor(now / MINUTE_MS);
    let count = 0;
    for (let at = Math.max(this.#last + 1, current - MAX_MINUTES); at <= current; at++) {
      this.#last = at;
      const minute = new Date(at * MINUTE_MS);
      for (const { fires, make } of this.#entries) {
        if (!isFiring(fires, minute)) continue;
        try {
          this.#push(make(minute));
          count++;
        } catch (error) {
          // A unique job still holds its lock.
          if (!(error instanceof GoError)) throw error;
        }
        yield;
      }
    }
    return count;
  }

  /** Lists the entries, each with its next firings. */
  list(now: number): ServerRecurring[] {
    return this.#entries.map(({ schedule, fires, make }) => {
      const { jobtype: type, queue, args } = make(new Date(now));
      return {
        ...{ schedule, type, queue: queue || "default", args: JSON.stringify(args) },
        next: firingsOf(fires, now),
      };
    });
  }
}

function isFiring({ isDay, isHour, isMinute }: Expression, minute: Date): boolean {
  return isDay(minute) && isHour(minute) && isMinute(minute);
}

/** Returns the next firings after a time. Skips whole days and hours without one. */
function firingsOf({ isDay, isHour, isMinute }: Expression, now: number): Date[] {
  const found: Date[] = [];
  let at = (Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS;
  while (found.length < LISTED && at < now + MAX_AHEAD_MS) {
    const time = new Date(at);
    const step = !isDay(time) ? DAY_MS : !isHour(time) ? HOUR_MS : MINUTE_MS;
    if (step === MINUTE_MS && isMinute(time)) found.push(time);
    at = (Math.floor(at / step) + 1) * step;
  }
  return found;
}

function entryOf(entry: unknown, index: number): Entry {
  const name = `cron[${index}]`;
  checkOptionNames(entry, CRON_OPTIONS, name);
  const { schedule, job } = entry as ServerCron;
  checkOptionNames(job, JOB_OPTIONS, `${name}.job`);
  const { type, args, queue, retry, reserve_for: reserveFor, custom } = job;
  const make = (createdAt: Date) =>
    readJob(encodeJob({ type, args, queue, retry, reserveFor, custom, createdAt }).json);
  try {
    make(new Date(0));
  } catch (error) {
    throw invalidCron(
      `the server would refuse the job of ${name}: ${isError(error) && error.message}`,
    );
  }
  return { schedule, fires: expressionOf(schedule, name), make };
}

function expressionOf(schedule: unknown, name: string): Expression {
  const text = typeof schedule === "string" ? NICKNAMES[schedule.trim()] ?? schedule : "";
  const fields = text.trim().split(/\s+/);
  const sets = fields.map((field, index) => FIELDS[index] && valuesOf(field, index));
  if (sets.length !== FIELDS.length || sets.some((set) => set === undefined)) {
    throw invalidCron(
      `the schedule of ${name} is not an expression of five fields: got ${
        typeof schedule === "string" ? showText(schedule) : showValue(schedule)
      }`,
    );
  }
  const [minutes, hours, days, months, weekdays] = sets as Set<number>[];
  // As in every cron: if both day fields are restricted, one match is enough.
  const isEither = !fields[2]!.startsWith("*") && !fields[4]!.startsWith("*");
  return {
    isDay(time) {
      const isDay = days!.has(time.getUTCDate());
      const isWeekday = weekdays!.has(time.getUTCDay());
      return months!.has(time.getUTCMonth() + 1) &&
        (isEither ? isDay || isWeekday : isDay && isWeekday);
    },
    isHour: (time) => hours!.has(time.getUTCHours()),
    isMinute: (time) => minutes!.has(time.getUTCMinutes()),
  };
}

/** Returns the values of a field, or `undefined` if it is invalid. */
function valuesOf(field: string, index: number): Set<number> | undefined {
  const { min, max, names = "" } = FIELDS[index]!;
  const valueOf = (text: string): number => {
    const named = names.split(" ").indexOf(text.toLowerCase());
    const value = named >= 0 ? named + min : /^\d+$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : NaN;
  };
  const found = new Set<number>();
  for (const part of field.split(",")) {
    const [range = "", step = "1", ...more] = part.split("/");
    const [first = "", last = step === "1" ? first : `${max}`] = range === "*"
      ? [`${min}`, `${max}`]
      : range.split("-");
    const [from, to, by] = [valueOf(first), valueOf(last), Number(step)];
    if (
      range.split("-").length > 2 || !(from <= to) || !(Number.isInteger(by) && by > 0) ||
      more.length > 0
    ) return undefined;
    // Both 0 and 7 are Sunday.
    for (let value = from; value <= to; value += by) found.add(index === 4 ? value % 7 : value);
  }
  return found;
}

function invalidCron(reason: string): ConfigError {
  return new ConfigError("INVALID_OPTION", `Cannot use the option cron as ${reason}`);
}
