import { InvalidArgumentError } from "../errors.ts";
import { nearestName } from "../internal/nearest.ts";
import { showText, showValue } from "../internal/show.ts";
import { jidFilters, typeFilters } from "../protocol/commands/filters.ts";
import { mutate, type WireFilter } from "../protocol/commands/server.ts";
import type { Send } from "./queues.ts";

/**
 * Selects jobs of a set: by jids, by type, by a pattern for the stored JSON, by type and pattern,
 * or explicitly all.
 *
 * The server matches jids, types and patterns against the text of a job's JSON, including its
 * arguments: a job with the argument `{"jobtype":"x"}` also counts as a job of type `x`, and one
 * with `{"jid":".."}` as a job with that id.
 */
export type JobFilter =
  | {
    /** Jobs with one of these ids. */
    readonly jids: readonly string[];
  }
  | {
    /** Jobs of exactly this type. */
    readonly type: string;
    /**
     * Selects only the jobs of the type whose JSON matches this glob; for its syntax see the filter
     * with `pattern` alone. @default all jobs of the type
     */
    readonly pattern?: string | undefined;
  }
  | {
    /**
     * Jobs whose stored JSON matches this glob (`*`, `?`, `[a-z]`; `\` escapes one of these), for
     * example `*"customer":17,*`.
     */
    readonly pattern: string;
  }
  | {
    /** All jobs of the set. */
    readonly all: true;
  };

/**
 * One of the server's sets of scheduled, retried or dead jobs. Its methods send MUTATE.
 *
 * @example Run scheduled jobs now, and discard a dead one
 * ```ts
 * import { Producer } from "@faktory-ts/faktory";
 *
 * await using producer = await Producer.connect();
 * await producer.enqueue("remind", ["Ada"], { at: new Date(Date.now() + 60_000) });
 * await producer.sets.scheduled.requeue({ type: "remind" });
 * await producer.sets.dead.discard({ jids: ["7TlTmYkbFqXCWKGj"] });
 * ```
 */
export class JobSet {
  readonly #send: Send;
  readonly #name: "scheduled" | "retries" | "dead";

  /** @internal */
  constructor(send: Send, name: "scheduled" | "retries" | "dead") {
    this.#send = send;
    this.#name = name;
  }

  /** Deletes **all** jobs of the set (MUTATE clear). */
  async clear(): Promise<void> {
    await this.#send(mutate("clear", this.#name));
  }

  /**
   * Moves jobs to the set of dead jobs (MUTATE kill).
   *
   * @throws {InvalidArgumentError} `INVALID_FILTER`, or `FILTER_MATCHES_ALL` for a filter that
   * selects every job without `all: true`.
   */
  async kill(filter: JobFilter): Promise<void> {
    await this.#mutate("kill", filter);
  }

  /**
   * Deletes jobs (MUTATE discard).
   *
   * @throws {InvalidArgumentError} like {@linkcode JobSet.kill}.
   */
  async discard(filter: JobFilter): Promise<void> {
    await this.#mutate("discard", filter);
  }

  /**
   * Moves jobs to their queues, to run as soon as possible (MUTATE requeue).
   *
   * @throws {InvalidArgumentError} like {@linkcode JobSet.kill}.
   */
  async requeue(filter: JobFilter): Promise<void> {
    await this.#mutate("requeue", filter);
  }

  async #mutate(change: "kill" | "discard" | "requeue", filter: JobFilter): Promise<void> {
    const filters = wireFilters(filter, change);
    await Promise.all(filters.map((wire) => this.#send(mutate(change, this.#name, wire))));
  }
}

/** The server's sets of jobs. */
export class JobSets {
  /** Jobs that are scheduled for a later time. */
  readonly scheduled: JobSet;
  /** Jobs that failed and will be retried. */
  readonly retries: JobSet;
  /** Jobs that failed for the last time. The server keeps them for 180 days. */
  readonly dead: JobSet;

  /** @internal */
  constructor(send: Send) {
    this.scheduled = new JobSet(send, "scheduled");
    this.retries = new JobSet(send, "retries");
    this.dead = new JobSet(send, "dead");
  }
}

const FILTER_KEYS = ["jids", "type", "pattern", "all"] as const;

/**
 * Converts a filter for MUTATE: one wire filter for each command that is needed. For the server, an
 * empty filter, an empty list of jids and unknown keys all mean every job, so all of these are
 * refused here.
 */
function wireFilters(filter: JobFilter, action: string): (WireFilter | undefined)[] {
  const { jids, type, pattern, all } = checkShape(filter, action);
  if (all !== undefined) {
    if (all !== true) throw refused(action, `all is not true: got ${showValue(all)}`);
    return [undefined];
  }
  if (jids !== undefined) return jidFilters(checkJids(jids, action));
  const regexp = pattern === undefined ? undefined : checkText(pattern, "pattern", action);
  if (type !== undefined) {
    return typeFilters(checkText(type, "type", action)).map((wire) => {
      if (regexp === undefined) return wire;
      // Some types can only be selected by a pattern, and the server accepts only one pattern.
      if (wire.regexp === undefined) return { ...wire, regexp };
      throw refused(
        action,
        "this type cannot be combined with a pattern: put the type into the pattern",
      );
    });
  }
  if (/^\*+$/.test(regexp!)) throw matchesAll(action, `the pattern ${showText(regexp!)}`);
  return [{ regexp: regexp! }];
}

function checkShape(
  filter: unknown,
  action: string,
): Partial<Record<typeof FILTER_KEYS[number], unknown>> {
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) {
    throw refused(action, `it is not an object: got ${showValue(filter)}`);
  }
  const entries = Object.entries(filter).filter(([, value]) => value !== undefined);
  const names = entries.map(([name]) => name);
  const unknown = names.find((name) => !(FILTER_KEYS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    const meant = nearestName(unknown, FILTER_KEYS);
    const hint = meant === undefined ? "" : `: did you mean ${meant}?`;
    throw refused(action, `it has an unknown key ${showText(unknown)}${hint}`);
  }
  if (entries.length === 0) throw matchesAll(action, "an empty filter");
  const isTypeAndPattern = names.every((name) => name === "type" || name === "pattern");
  if (entries.length > 1 && !isTypeAndPattern) {
    throw refused(
      action,
      `${names.join(" and ")} cannot be combined: only type and pattern can`,
    );
  }
  return Object.fromEntries(entries);
}

function checkJids(jids: unknown, action: string): string[] {
  if (!Array.isArray(jids)) throw refused(action, `jids is not an array: got ${showValue(jids)}`);
  if (jids.length === 0) throw matchesAll(action, "an empty list of jids");
  return jids.map((jid) => checkText(jid, "jids", action));
}

function checkText(value: unknown, key: string, action: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw refused(action, `${key} is not a non-empty string: got ${showValue(value)}`);
}

function refused(action: string, reason: string): InvalidArgumentError {
  return new InvalidArgumentError(
    "INVALID_FILTER",
    `Cannot ${action} jobs by this filter as ${reason}`,
  );
}

function matchesAll(action: string, what: string): InvalidArgumentError {
  return new InvalidArgumentError(
    "FILTER_MATCHES_ALL",
    `Cannot ${action} jobs by this filter as ${what} matches every job: pass { all: true } to select all`,
  );
}
