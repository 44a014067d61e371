import { InvalidArgumentError } from "../errors.ts";
import { nearestName } from "../internal/nearest.ts";
import { showText, showValue } from "../internal/show.ts";
import { jidFilters, typeFilters } from "../protocol/commands/filters.ts";
import { mutate, type WireFilter } from "../protocol/commands/server.ts";
import type { Send } from "./queues.ts";

/**
 * Which jobs of a set are meant: those of these jids; those of this type, whose stored JSON matches
 * this pattern, or both; or, said in so many words, all of them.
 *
 * The server looks for all three in a job's JSON as a text, its arguments included: to it a job
 * with the argument `{"jobtype":"x"}` is of the type `x`, too, and one with `{"jid":".."}` has that
 * id.
 */
export type JobFilter =
  | {
    /** Jobs with one of these ids. */
    readonly jids: readonly string[];
  }
  | {
    /** Jobs of exactly this type. */
    readonly type: string;
    /** Of these, jobs whose JSON matches this glob; see below. @default all of them */
    readonly pattern?: string | undefined;
  }
  | {
    /**
     * Jobs whose JSON, as the server stores it, matches this glob (`*`, `?`, `[a-z]`, `\` before
     * one that is meant itself), for example `*"customer":17,*`.
     */
    readonly pattern: string;
  }
  | {
    /** Every job of the set. */
    readonly all: true;
  };

/**
 * One of the server's sets of jobs that wait for a time or for somebody's decision. MUTATE is the
 * command behind it.
 *
 * @example Run at once what was to run later
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

  /** Forgets **every** job of the set. */
  async clear(): Promise<void> {
    await this.#send(mutate("clear", this.#name));
  }

  /** Moves jobs to the dead set. */
  async kill(filter: JobFilter): Promise<void> {
    await this.#mutate("kill", filter);
  }

  /** Forgets jobs. */
  async discard(filter: JobFilter): Promise<void> {
    await this.#mutate("discard", filter);
  }

  /** Puts jobs back on their queues, to be run at once. */
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
  /** Jobs to be run at a later time. */
  readonly scheduled: JobSet;
  /** Jobs that failed and will be tried again. */
  readonly retries: JobSet;
  /** Jobs that failed for good; the server keeps them for 180 days. */
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
 * A filter in the server's terms, one for each command that it takes. To the server an empty
 * filter, an empty list of jids and unknown keys all mean every job, so none of them gets past
 * here.
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
      // Some types the server can only find by a pattern, and it takes one.
      if (wire.regexp === undefined) return { ...wire, regexp };
      throw refused(action, "this type cannot be looked for beside a pattern: put it in there");
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
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  const names = given.map(([name]) => name);
  const unknown = names.find((name) => !(FILTER_KEYS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    const meant = nearestName(unknown, FILTER_KEYS);
    const hint = meant === undefined ? "" : `: did you mean ${meant}?`;
    throw refused(action, `it has an unknown key ${showText(unknown)}${hint}`);
  }
  if (given.length === 0) throw matchesAll(action, "a filter of nothing");
  const isTypeAndPattern = names.every((name) => name === "type" || name === "pattern");
  if (given.length > 1 && !isTypeAndPattern) {
    throw refused(
      action,
      `${names.join(" and ")} do not go together: only type and pattern do`,
    );
  }
  return Object.fromEntries(given);
}

function checkJids(jids: unknown, action: string): string[] {
  if (!Array.isArray(jids)) throw refused(action, `jids is not an array: got ${showValue(jids)}`);
  if (jids.length === 0) throw matchesAll(action, "an empty list of jids");
  return jids.map((jid) => checkText(jid, "jids", action));
}

function checkText(value: unknown, key: string, action: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw refused(action, `${key} is not a text, or an empty one: got ${showValue(value)}`);
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
    `Cannot ${action} jobs by this filter as ${what} matches every job: say { all: true } where that is meant`,
  );
}
