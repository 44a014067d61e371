import { integerIn, invalidOption, positive } from "../../connection/options.ts";
import type { Clock } from "../../internal/clock.ts";
import type { Job } from "../../job/job.ts";
import { checkPatterns, isPattern, matcher } from "./choice.ts";
import { type Limit, LimitCounter } from "./limit.ts";

/** Limits of a consumer beside its concurrency; those of a job's type stand where its handler is registered. */
export interface ConsumerLimits {
  /** Jobs that begin in any second, of all queues and types. @default no limit */
  readonly perSecond?: number | undefined;
  /** Limits of queues, by name; with a `*` in it, of each queue that looks like it. @default none */
  readonly queues?: Readonly<Record<string, Limit>> | undefined;
}

/** The most jobs a second that are counted. */
const MAX_PER_SECOND = 1_000_000;

/**
 * Gives a limit back if it can be used.
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
 * Gives limits back if they can be used.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 * @throws {InvalidArgumentError} `INVALID_QUEUE`.
 */
export function checkLimits(limits: unknown): ConsumerLimits {
  if (limits === undefined) return {};
  if (!isObject(limits)) throw invalidOption("limits", "an object", limits);
  const { perSecond, queues = {} } = limits as ConsumerLimits;
  checkLimit("limits.", { perSecond });
  if (!isObject(queues)) throw invalidOption("limits.queues", "an object", queues);
  const names = checkPatterns(Object.keys(queues));
  return {
    perSecond,
    queues: Object.fromEntries(names.map((name) => {
      const limit: unknown = queues[name];
      if (!isObject(limit)) throw invalidOption(`limits.queues.${name}`, "an object", limit);
      return [name, checkLimit(`limits.queues.${name}.`, limit)];
    })),
  };
}

/** The limits of the jobs of a type, as their handlers were registered with. */
export interface TypeLimits {
  /** The same object as long as it is the same handler. */
  limitOf(type: string): Limit | undefined;
}

/** The limits of one run, and what counts towards each. */
export class Limits {
  readonly #clock: Clock;
  readonly #types: TypeLimits;
  readonly #whole: LimitCounter | undefined;
  readonly #patterns: readonly { readonly matches: RegExp; readonly limit: Limit }[];
  readonly #queueLimitCounters = new Map<string, LimitCounter | undefined>();
  readonly #typeLimitCounters = new Map<
    string,
    { readonly limit: Limit; readonly counter: LimitCounter }
  >();
  /** What a FETCH of a queue may count towards: the queue's own counter, and those of the types that came from it. */
  readonly #ofQueue = new Map<string, readonly LimitCounter[]>();

  constructor({ perSecond, queues = {} }: ConsumerLimits, types: TypeLimits, clock: Clock) {
    this.#clock = clock;
    this.#types = types;
    this.#whole = perSecond === undefined ? undefined : new LimitCounter({ perSecond }, clock);
    const names = Object.keys(queues);
    // A queue's own limit goes before a pattern's.
    this.#patterns = [...names.filter((name) => !isPattern(name)), ...names.filter(isPattern)]
      .map((name) => ({ matches: matcher(name), limit: queues[name]! }));
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
   * Counts a job that is to begin, and gives the counters that it ends on; `undefined`, and it is not counted, where it may not
   * begin. Only the first jobs of a type on a queue can come so far: from then on the type's limit holds for every FETCH of
   * that queue.
   */
  begin({ queue, type }: Job): readonly LimitCounter[] | undefined {
    const typeLimitCounter = this.#typeLimitCounter(type);
    if (typeLimitCounter !== undefined) this.#expect(queue, typeLimitCounter);
    const counters = this.#of(queue, typeLimitCounter);
    if (!counters.every((counter) => counter.hasRoom)) return undefined;
    for (const counter of counters) counter.begin();
    return counters;
  }

  #expect(queue: string, typeLimitCounter: LimitCounter): void {
    const counters = [...this.of(queue)];
    if (!counters.includes(typeLimitCounter)) {
      this.#ofQueue.set(queue, [...counters, typeLimitCounter]);
    }
  }

  #of(queue: string, typeLimitCounter: LimitCounter | undefined): LimitCounter[] {
    const counters = [this.#whole, this.#queueLimitCounter(queue), typeLimitCounter];
    return counters.filter((counter) => counter !== undefined);
  }

  #queueLimitCounter(queue: string): LimitCounter | undefined {
    if (this.#queueLimitCounters.has(queue)) return this.#queueLimitCounters.get(queue);
    const limit = this.#patterns.find(({ matches }) => matches.test(queue))?.limit;
    const counter = limit === undefined ? undefined : new LimitCounter(limit, this.#clock);
    this.#queueLimitCounters.set(queue, counter);
    return counter;
  }

  #typeLimitCounter(type: string): LimitCounter | undefined {
    const limit = this.#types.limitOf(type);
    if (limit === undefined) return undefined;
    const known = this.#typeLimitCounters.get(type);
    if (known?.limit === limit) return known.counter;
    const counter = new LimitCounter(limit, this.#clock);
    this.#typeLimitCounters.set(type, { limit, counter });
    return counter;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
