import { InvalidArgumentError } from "../../errors.ts";
import { nearestName } from "../../internal/nearest.ts";
import type { OptionNames } from "../../internal/option_names.ts";
import { showText, showValue } from "../../internal/show.ts";
import type { SetName } from "../job_set.ts";
import type { Filter } from "./match.ts";
import type {
  FindJobOptions,
  JobQuery,
  JobSelection,
  QueueQuery,
  SetSelection,
} from "../../inspect/types.ts";

/** The numbers of a checked query, with defaults. */
export interface PageLimits {
  readonly offset: number;
  readonly limit: number;
  readonly maxArgs: number;
  readonly newestFirst: boolean;
  readonly sort: JobQuery["sort"];
}

/** Checked options of a lookup. */
export interface JobLookup {
  readonly maxArgs: number;
}

/** A checked selection. */
export interface CheckedSelection {
  readonly sets: readonly SetName[];
  /** The queue, in place of sets. */
  readonly queue?: string | undefined;
  readonly filter: Filter;
  /** The ids of the jobs, if they are given. */
  readonly jids: readonly string[] | undefined;
}

/** Maximum length of arguments in a listing, in characters. */
const MAX_ARGS = 1_000_000;

const FILTERS = ["type", "queue", "error", "text"] as const;
const QUERY = {
  set: true,
  queue: true,
  type: true,
  error: true,
  text: true,
  newestFirst: true,
  sort: true,
  offset: true,
  limit: true,
  maxArgs: true,
} as const satisfies OptionNames<JobQuery>;

const QUEUE_QUERY = {
  name: true,
  text: true,
  order: true,
  offset: true,
  limit: true,
} as const satisfies OptionNames<QueueQuery>;

const SELECTION = {
  set: true,
  jids: true,
  type: true,
  queue: true,
  error: true,
  text: true,
  all: true,
} as const satisfies OptionNames<SetSelection>;

const LOOKUP = { maxArgs: true } as const satisfies OptionNames<FindJobOptions>;

const SORTS: readonly unknown[] = ["type", "queue", "error", "attempts"];
const LISTED_SETS: readonly unknown[] = ["scheduled", "retries", "dead", "working"];
const CHANGEABLE_SETS: readonly SetName[] = ["retries", "dead", "scheduled"];

/** @throws {InvalidArgumentError} `INVALID_FILTER`. */
export function checkQuery(query: JobQuery): PageLimits {
  const { set, queue, newestFirst, sort } = asObject(query, "list", QUERY) as JobQuery;
  if (set === undefined && queue === undefined) {
    throw invalid("list", "neither a set nor a queue is given");
  }
  if (set !== undefined && !LISTED_SETS.includes(set)) {
    throw invalid("list", `there is no such set: got ${showValue(set)}`);
  }
  if (sort !== undefined && !SORTS.includes(sort)) {
    throw invalid("list", `sort is not one of ${SORTS.join(", ")}: got ${showValue(sort)}`);
  }
  checkTexts(query, "list");
  return {
    sort,
    offset: integer(query.offset, "offset", { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 }),
    limit: integer(query.limit, "limit", { min: 1, max: 1000, fallback: 25 }),
    maxArgs: checkMaxArgs(query.maxArgs, 1000),
    newestFirst: newestFirst === true,
  };
}

/** @throws {InvalidArgumentError} `INVALID_FILTER`. */
export function checkQueueQuery(query: QueueQuery): Pick<PageLimits, "offset" | "limit"> {
  const { name, text, order, offset, limit } = asObject(query, "list", QUEUE_QUERY) as QueueQuery;
  for (const [field, value] of Object.entries({ name, text })) {
    if (value === undefined || typeof value === "string") continue;
    throw invalid("list", `${field} is not a string: got ${showValue(value)}`);
  }
  if (order !== undefined && order !== "name" && order !== "size") {
    throw invalid("list", `order is neither "name" nor "size": got ${showValue(order)}`);
  }
  return {
    offset: integer(offset, "offset", { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 }),
    limit: integer(limit, "limit", { min: 1, max: 1000, fallback: 1000 }),
  };
}

/** @throws {InvalidArgumentError} `INVALID_FILTER`. */
function checkMaxArgs(value: unknown, fallback: number): number {
  return integer(value, "maxArgs", { min: 0, max: MAX_ARGS, fallback });
}

/**
 * @throws {InvalidArgumentError} `INVALID_FILTER`, or `FILTER_MATCHES_ALL` without a filter and
 *   without `all: true`.
 */
export function checkSelection(selection: JobSelection): CheckedSelection {
  if (typeof selection === "string" || Array.isArray(selection)) {
    const jids = checkJids(typeof selection === "string" ? [selection] : selection);
    return { sets: CHANGEABLE_SETS, filter: {}, jids };
  }
  const { set, queue: onQueue, jids, all } = asObject(selection, "change", SELECTION) as Partial<
    SetSelection
  >;
  if (set === undefined && onQueue !== undefined && jids !== undefined) {
    const { type, error, text } = selection as Partial<SetSelection>;
    if ([type, error, text, all].some((filter) => filter !== undefined)) {
      throw invalid("change", "jobs of a queue can be selected only by their ids");
    }
    checkTexts(selection, "change");
    return { sets: [], queue: onQueue, filter: {}, jids: checkJids(jids) };
  }
  if (set === undefined || !CHANGEABLE_SETS.includes(set)) {
    throw invalid("change", `there is no such set: got ${showValue(set)}`);
  }
  checkTexts(selection, "change");
  const { type, queue, error, text } = selection as Filter;
  const filter: Filter = { type, queue, error, text };
  if (jids !== undefined) {
    return { sets: [set], filter, jids: checkJids(jids) };
  }
  const isAll = FILTERS.every((name) => filter[name] === undefined);
  if (isAll && all !== true) {
    throw new InvalidArgumentError(
      "FILTER_MATCHES_ALL",
      "Cannot change jobs as the selection has no filter: pass { all: true } to select every job",
    );
  }
  return { sets: [set], filter, jids: undefined };
}

/** @throws {InvalidArgumentError} `INVALID_FILTER`. */
export function checkJid(jid: unknown): string {
  if (typeof jid === "string" && jid !== "") return jid;
  throw invalid("find", `the jid is not a non-empty string: got ${showValue(jid)}`);
}

/** @throws {InvalidArgumentError} `INVALID_FILTER`. */
export function checkLookup(options: FindJobOptions): JobLookup {
  const { maxArgs } = asObject(options, "find", LOOKUP) as FindJobOptions;
  return { maxArgs: checkMaxArgs(maxArgs, 100_000) };
}

function checkJids(jids: unknown): string[] {
  if (!Array.isArray(jids)) {
    throw invalid("change", `jids is not an array: got ${showValue(jids)}`);
  }
  return jids.map(checkJid);
}

function checkTexts(query: object, action: string): void {
  for (const name of FILTERS) {
    const value: unknown = (query as Record<string, unknown>)[name];
    if (value === undefined || (typeof value === "string" && value !== "")) continue;
    throw invalid(action, `${name} is not a non-empty string: got ${showValue(value)}`);
  }
}

function integer(
  value: unknown,
  name: string,
  { min, max, fallback }: { min: number; max: number; fallback: number },
): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number;
  }
  const wanted = `an integer from ${min} to ${max}`;
  throw invalid("list", `${name} is not ${wanted}: got ${showValue(value)}`);
}

/** Rejects unknown names: a mistyped filter would otherwise match every job. */
function asObject(value: unknown, action: string, names: Readonly<Record<string, true>>): object {
  if (typeof value !== "object" || value === null) {
    throw invalid(action, `the selection is not an object: got ${showValue(value)}`);
  }
  for (const [name, option] of Object.entries(value)) {
    if (option === undefined || Object.hasOwn(names, name)) continue;
    const meant = nearestName(name, Object.keys(names));
    const hint = meant === undefined ? "" : `: did you mean ${meant}?`;
    throw invalid(action, `${showText(name)} is not a filter or option${hint}`);
  }
  return value;
}

function invalid(action: string, reason: string): InvalidArgumentError {
  return new InvalidArgumentError("INVALID_FILTER", `Cannot ${action} jobs as ${reason}`);
}
