import { checkOptionNames, type OptionNames } from "../../internal/option_names.ts";
import { integerIn, invalidOption, positive } from "../../connection/options.ts";
import type { Clock } from "../../internal/clock.ts";
import type { Job } from "../../job/job.ts";
import { checkPatterns, isPattern, matcher } from "./choice.ts";
import { type Limit, LimitCounter } from "./limit.ts";

/**
 * Limits of a consumer, in addition to its concurrency. Limits of a job type are options of
 * `register`.
 */
export interface ConsumerLimits {
  /** Maximum number of jobs that start in any second, of all queues and types. @default no limit */
  readonly perSecond?: number | undefined;
  /**
   * Limits of queues, by name. A name with a `*` limits each matching queue separately.
   *
   * @default none
   */
  readonly queues?: Readonly<Record<string, Limit>> | undefined;
}

const CONSUMER_LIMITS = {
  perSecond: true,
  queues: true,
} as const satisfies OptionNames<ConsumerLimits>;

const LIMIT = { concurrency: true, perSecond: true } as const satisfies OptionNames<Limit>;

/** Largest number of jobs per second. */
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

/** The limits of the registered handlers. They can change during a run. */
export interface TypeLimits {
  /** True if any handler has a limit. */
  readonly hasLimits: boolean;
  /** Returns the limit of a type: the same object until its handler is replaced. */
  limitOf(type: string): Limit | undefined;
}

/** A run, and the counters that count it. */
export interface CountedRun {
  readonly job: Job;
  counters: readonly LimitCounter[];
}

/** The limits of one run of a consumer, with their counters. */
export class Limits {
  readonly #clock: Clock;
  readonly #types: TypeLimits;
  readonly #overall: LimitCounter | undefined;
  readonly #patterns: readonly { readonly matches: RegExp; readonly limit: Limit }[];
  readonly #queueCounters = new Map<string, LimitCounter | undefined>();
  readonly #typeCounters = new Map<
    string,
    { readonly limit: Limit; readonly counter: LimitCounter }
  >();
  /**
   * The counters that count a FETCH of a queue: that of the queue, and those of the types that came
   * from it.
   */
  readonly #fetchCounters = new Map<string, readonly LimitCounter[]>();

  constructor({ perSecond, queues = {} }: ConsumerLimits, types: TypeLimits, clock: Clock) {
    this.#clock = clock;
    this.#types = types;
    this.#overall = perSecond === undefined ? undefined : new LimitCounter({ perSecond }, clock);
    const names = Object.keys(queues);
    // The limit of a queue's own name takes precedence over that of a pattern.
    this.#patterns = [...names.filter((name) => !isPattern(name)), ...names.filter(isPattern)]
      .map((name) => ({ matches: matcher(name), limit: queues[name]! }));
  }

  /** True if there is any limit. */
  get hasAny(): boolean {
    return this.#overall !== undefined || this.#patterns.length > 0 || this.#types.hasLimits;
  }

  /** Returns the counters that count a FETCH of this queue. */
  countersOf(queue: string): readonly LimitCounter[] {
    const known = this.#fetchCounters.get(queue);
    if (known !== undefined) return known;
    const counters = this.#counters(queue, undefined);
    this.#fetchCounters.set(queue, counters);
    return counters;
  }

  /**
   * Returns true if the run may start, and counts it. `running` are the runs that started before.
   * Only the first jobs of a type on a queue may not start: after that, every FETCH of the queue
   * respects the type's limit.
   */
  begin(run: CountedRun, running: Iterable<CountedRun>): boolean {
    const { queue, type } = run.job;
    const typeCounter = this.#typeCounter(type, running);
    if (typeCounter !== undefined) this.#addToQueue(queue, typeCounter);
    const counters = this.#counters(queue, typeCounter);
    if (!counters.every((counter) => counter.hasRoom)) return false;
    for (const counter of counters) counter.begin();
    run.counters = counters;
    return true;
  }

  #addToQueue(queue: string, typeCounter: LimitCounter): void {
    const counters = [...this.countersOf(queue)];
    if (!counters.includes(typeCounter)) {
      this.#fetchCounters.set(queue, [...counters, typeCounter]);
    }
  }

  #counters(queue: string, typeCounter: LimitCounter | undefined): LimitCounter[] {
    const counters = [this.#overall, this.#queueCounter(queue), typeCounter];
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
    if (known !== undefined) this.#removeCounter(type, known.counter);
    if (limit === undefined) return undefined;
    const counter = new LimitCounter(limit, this.#clock);
    this.#typeCounters.set(type, { limit, counter });
    // Runs that are older than the limit count too.
    for (const run of running) {
      if (run.job.type !== type) continue;
      counter.begin();
      run.counters = [...run.counters, counter];
    }
    return counter;
  }

  /** Called when the limit of a type was replaced or removed. */
  #removeCounter(type: string, counter: LimitCounter): void {
    this.#typeCounters.delete(type);
    for (const [queue, counters] of this.#fetchCounters) {
      this.#fetchCounters.set(queue, counters.filter((other) => other !== counter));
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
