import { checkOptionNames, type OptionNames } from "../../internal/option_names.ts";
import { integerIn, invalidOption, positive } from "../../connection/options.ts";
import type { Clock } from "../../internal/clock.ts";
import type { Job } from "../../job/job.ts";
import { checkPatterns, isPattern, matcher } from "./choice.ts";
import { type Limit, LimitCounter } from "./limit.ts";

/** Limits of a consumer beside its concurrency. Limits of a type are options of `register`. */
export interface ConsumerLimits {
  /** Jobs that may start in any second, of all queues and types. @default no limit */
  readonly perSecond?: number | undefined;
  /**
   * Limits of queues, by name. A name with a `*` is a limit for each queue that matches. @default
   * none
   */
  readonly queues?: Readonly<Record<string, Limit>> | undefined;
}

const CONSUMER_LIMITS = {
  perSecond: true,
  queues: true,
} as const satisfies OptionNames<ConsumerLimits>;

const LIMIT = { concurrency: true, perSecond: true } as const satisfies OptionNames<Limit>;

/** Largest limit of jobs a second. */
const MAX_PER_SECOND = 1_000_000;

/**
 * Checks a limit and returns it.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function checkLimit(name: string, { concurrency, perSecond }: Limit): Limit {
  if (concurrency !== undefined) {
    integerIn(`${name}concurrency`, concurrency, { min: 1, max: 10_000, fallback: 1 });
  }
  if (perSecond !== undefined && positive(`${name}perSecond`, perSecond, 1) > MAX_PER_SECOND) {
    throw invalidOption(`${name}perSecond`, `a number up to ${MAX_PER_SECOND}`, perSecond);
  }
  return { concurrency, perSecond };
}

/**
 * Checks limits and returns them.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 * @throws {InvalidArgumentError} `INVALID_QUEUE`.
 */
export function checkLimits(limits: unknown): ConsumerLimits {
  if (limits === undefined) return {};
  if (!isObject(limits)) throw invalidOption("limits", "an object", limits);
  checkOptionNames(limits, CONSUMER_LIMITS, "limits", "limits.");
  const { perSecond, queues = {} } = limits as ConsumerLimits;
  checkLimit("limits.", { perSecond });
  if (!isObject(queues)) throw invalidOption("limits.queues", "an object", queues);
  const names = checkPatterns(Object.keys(queues));
  return {
    perSecond,
    queues: Object.fromEntries(names.map((name) => {
      const limit: unknown = queues[name];
      if (!isObject(limit)) throw invalidOption(`limits.queues.${name}`, "an object", limit);
      checkOptionNames(limit, LIMIT, `limits.queues.${name}`, `limits.queues.${name}.`);
      return [name, checkLimit(`limits.queues.${name}.`, limit)];
    })),
  };
}

/** The limits that handlers were registered with; they change while a run goes on. */
export interface TypeLimits {
  /** Whether there is any. */
  readonly hasLimits: boolean;
  /** The same object as long as it is the same handler. */
  limitOf(type: string): Limit | undefined;
}

/** A run, and what it counts towards. */
export interface CountedRun {
  readonly job: Job;
  counters: readonly LimitCounter[];
}

/** The limits of one run, and what counts towards each. */
export class Limits {
  readonly #clock: Clock;
  readonly #types: TypeLimits;
  readonly #whole: LimitCounter | undefined;
  readonly #patterns: readonly { readonly matches: RegExp; readonly limit: Limit }[];
  readonly #queueCounters = new Map<string, LimitCounter | undefined>();
  readonly #typeCounters = new Map<
    string,
    { readonly limit: Limit; readonly counter: LimitCounter }
  >();
  /**
   * What a FETCH of a queue may count towards: the counter of the queue, and of the types that came
   * from it.
   */
  readonly #ofQueue = new Map<string, readonly LimitCounter[]>();

  constructor({ perSecond, queues = {} }: ConsumerLimits, types: TypeLimits, clock: Clock) {
    this.#clock = clock;
    this.#types = types;
    this.#whole = perSecond === undefined ? undefined : new LimitCounter({ perSecond }, clock);
    const names = Object.keys(queues);
    // A queue's own limit wins over a pattern's.
    this.#patterns = [...names.filter((name) => !isPattern(name)), ...names.filter(isPattern)]
      .map((name) => ({ matches: matcher(name), limit: queues[name]! }));
  }

  /** Whether anything is limited. */
  get isAny(): boolean {
    return this.#whole !== undefined || this.#patterns.length > 0 || this.#types.hasLimits;
  }

  /** What a FETCH of this queue may count towards. */
  of(queue: string): readonly LimitCounter[] {
    const known = this.#ofQueue.get(queue);
    if (known !== undefined) return known;
    const counters = this.#of(queue, undefined);
    this.#ofQueue.set(queue, counters);
    return counters;
  }

  /**
   * Counts a run that begins; `running` are those that began before. Returns false, and does not
   * count it, if it must not begin. Only the first jobs of a type on a queue can come so far: from
   * then on every FETCH of the queue heeds the type's limit.
   */
  begin(run: CountedRun, running: Iterable<CountedRun>): boolean {
    const { queue, type } = run.job;
    const typeCounter = this.#typeCounter(type, running);
    if (typeCounter !== undefined) this.#expect(queue, typeCounter);
    const counters = this.#of(queue, typeCounter);
    if (!counters.every((counter) => counter.hasRoom)) return false;
    for (const counter of counters) counter.begin();
    run.counters = counters;
    return true;
  }

  #expect(queue: string, typeCounter: LimitCounter): void {
    const counters = [...this.of(queue)];
    if (!counters.includes(typeCounter)) {
      this.#ofQueue.set(queue, [...counters, typeCounter]);
    }
  }

  #of(queue: string, typeCounter: LimitCounter | undefined): LimitCounter[] {
    const counters = [this.#whole, this.#queueCounter(queue), typeCounter];
    return counters.filter((counter) => counter !== undefined);
  }

  #queueCounter(queue: string): LimitCounter | undefined {
    if (this.#queueCounters.has(queue)) return this.#queueCounters.get(queue);
    const limit = this.#patterns.find(({ matches }) => matches.test(queue))?.limit;
    const counter = limit === undefined ? undefined : new LimitCounter(limit, this.#clock);
    this.#queueCounters.set(queue, counter);
    return counter;
  }

  #typeCounter(type: string, running: Iterable<CountedRun>): LimitCounter | undefined {
    const limit = this.#types.limitOf(type);
    const known = this.#typeCounters.get(type);
    if (known?.limit === limit) return known?.counter;
    if (known !== undefined) this.#forget(type, known.counter);
    if (limit === undefined) return undefined;
    const counter = new LimitCounter(limit, this.#clock);
    this.#typeCounters.set(type, { limit, counter });
    // Some runs are older than the limit: they count towards it, too.
    for (const run of running) {
      if (run.job.type !== type) continue;
      counter.begin();
      run.counters = [...run.counters, counter];
    }
    return counter;
  }

  /** The limit of a type was replaced, or is gone. */
  #forget(type: string, counter: LimitCounter): void {
    this.#typeCounters.delete(type);
    for (const [queue, counters] of this.#ofQueue) {
      this.#ofQueue.set(queue, counters.filter((other) => other !== counter));
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
