import { integerIn, invalidOption, positive } from "../../connection/options.ts";
import type { Clock } from "../../internal/clock.ts";
import type { Job } from "../../job/job.ts";
import { checkPatterns, isPattern, matcher } from "../queues/choice.ts";
import { type Limit, Meter } from "./limit.ts";

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

/** The limits of one run, and what counts towards each. */
export class Limits {
  readonly #clock: Clock;
  readonly #ofType: (type: string) => Limit | undefined;
  readonly #whole: Meter | undefined;
  readonly #patterns: readonly { readonly matches: RegExp; readonly limit: Limit }[];
  readonly #queueMeters = new Map<string, Meter | undefined>();
  readonly #typeMeters = new Map<string, { readonly limit: Limit; readonly meter: Meter }>();
  /** What a FETCH of a queue may count towards: the queue's own meter, and those of the types that came from it. */
  readonly #ofQueue = new Map<string, readonly Meter[]>();

  /** `ofType` gives the limit of a type's handler, if it has one. */
  constructor(
    { perSecond, queues = {} }: ConsumerLimits,
    ofType: (type: string) => Limit | undefined,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#ofType = ofType;
    this.#whole = perSecond === undefined ? undefined : new Meter({ perSecond }, clock);
    const names = Object.keys(queues);
    // A queue's own limit goes before a pattern's.
    this.#patterns = [...names.filter((name) => !isPattern(name)), ...names.filter(isPattern)]
      .map((name) => ({ matches: matcher(name), limit: queues[name]! }));
  }

  /** What a FETCH of this queue may count towards. */
  of(queue: string): readonly Meter[] {
    const known = this.#ofQueue.get(queue);
    if (known !== undefined) return known;
    const meters = this.#of(queue, undefined);
    this.#ofQueue.set(queue, meters);
    return meters;
  }

  /**
   * Counts a job that is to begin, and gives the meters that it ends on; `undefined`, and it is not counted, where it may not
   * begin. Only the first jobs of a type on a queue can come so far: from then on the type's limit holds for every FETCH of
   * that queue.
   */
  begin({ queue, type }: Job): readonly Meter[] | undefined {
    const typeMeter = this.#typeMeter(type);
    if (typeMeter !== undefined) this.#expect(queue, typeMeter);
    const meters = this.#of(queue, typeMeter);
    if (!meters.every((meter) => meter.hasRoom)) return undefined;
    for (const meter of meters) meter.begin();
    return meters;
  }

  #expect(queue: string, typeMeter: Meter): void {
    const meters = [...this.of(queue)];
    if (!meters.includes(typeMeter)) this.#ofQueue.set(queue, [...meters, typeMeter]);
  }

  #of(queue: string, typeMeter: Meter | undefined): Meter[] {
    const meters = [this.#whole, this.#queueMeter(queue), typeMeter];
    return meters.filter((meter) => meter !== undefined);
  }

  #queueMeter(queue: string): Meter | undefined {
    if (this.#queueMeters.has(queue)) return this.#queueMeters.get(queue);
    const limit = this.#patterns.find(({ matches }) => matches.test(queue))?.limit;
    const meter = limit === undefined ? undefined : new Meter(limit, this.#clock);
    this.#queueMeters.set(queue, meter);
    return meter;
  }

  #typeMeter(type: string): Meter | undefined {
    const limit = this.#ofType(type);
    if (limit === undefined) return undefined;
    const known = this.#typeMeters.get(type);
    if (known?.limit === limit) return known.meter;
    const meter = new Meter(limit, this.#clock);
    this.#typeMeters.set(type, { limit, meter });
    return meter;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
