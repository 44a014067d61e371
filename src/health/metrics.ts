import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import type { Consumer } from "../consumer/consumer.ts";
import type { ConsumerEvents } from "../consumer/events.ts";
import { invalidOption } from "../connection/options.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import type { Job } from "../job/job.ts";
import { type Labels, numberText, PrometheusText } from "./prometheus.ts";

/** Options of {@linkcode ConsumerMetrics}. */
export interface ConsumerMetricsOptions {
  /**
   * Bounds of the histogram of how long jobs take, in seconds, from the least to the most.
   *
   * @default [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
   */
  readonly buckets?: readonly number[] | undefined;
}

/** The names of {@linkcode ConsumerMetricsOptions}. */
export const METRICS_OPTIONS = { buckets: true } as const satisfies OptionNames<
  ConsumerMetricsOptions
>;

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/**
 * Pairs of type and queue that are counted by their names; the rest is counted as `other`. Types
 * come from whoever enqueues, and each pair costs memory here and in Prometheus.
 */
const MAX_PAIRS = 1000;

/** Characters of a name that are shown: each name is there some twenty times. */
const MAX_NAME = 100;

const OTHER = "other";

/** What becomes of failed jobs, as counted. */
const NEXTS = ["retry", "dead", "dropped"] as const;

/** How jobs end, as counted. */
const ENDS = ["done", "fail", "discard", "snooze"] as const;

/** What else happens, as counted. */
const COUNTED = {
  requeued: "Jobs requeued without a run",
  unreported: "Jobs whose end could not be told to the server",
  expired: "Jobs whose reservation ended before their handler did",
  fetchError: "FETCHes that the server refused, or whose job could not be read",
  disconnect: "Outages: times that connections were lost",
  reconnect: "Outages that are over",
  lag: "Times that the event loop was held up for 250 ms or more",
  listenerError: "Listeners that threw",
} as const satisfies { readonly [Name in keyof ConsumerEvents]?: string };

type CountedName = keyof typeof COUNTED;

/** The jobs of one type on one queue. */
class Pair {
  readonly ends: Record<(typeof ENDS)[number], number> = {
    done: 0,
    fail: 0,
    discard: 0,
    snooze: 0,
  };
  /** Failed jobs, by what becomes of them. */
  readonly nexts: Record<(typeof NEXTS)[number], number> = { retry: 0, dead: 0, dropped: 0 };
  seconds = 0;
  readonly labels: Labels;
  readonly buckets: number[];

  constructor(type: string, queue: string, buckets: number) {
    this.labels = { type, queue };
    this.buckets = new Array(buckets).fill(0);
  }

  get count(): number {
    return ENDS.reduce((sum, end) => sum + this.ends[end], 0);
  }
}

/**
 * Counts what happens to a consumer, from when it is made, and tells it as Prometheus' text.
 *
 * @example Served by oneself
 * ```ts no-assert
 * import { Consumer } from "@faktory-ts/faktory";
 * import { ConsumerMetrics } from "@faktory-ts/faktory/health";
 *
 * const consumer = new Consumer();
 * const metrics = new ConsumerMetrics(consumer);
 * console.log(metrics.text());
 * ```
 */
export class ConsumerMetrics implements Disposable {
  readonly #consumer: Pick<Consumer, "health">;
  readonly #bounds: readonly number[];
  readonly #pairs = new Map<string, Pair>();
  readonly #counts: Record<CountedName, number>;
  readonly #forget: (() => void)[] = [];

  /**
   * Begins to count.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  constructor(consumer: Consumer<JobDefinitions>, options: ConsumerMetricsOptions = {}) {
    checkOptionNames(options, METRICS_OPTIONS, "ConsumerMetrics");
    this.#consumer = consumer;
    this.#bounds = checkBuckets(options.buckets ?? BUCKETS);
    for (const end of ENDS) {
      this.#forget.push(
        consumer.on(end, ({ job, elapsedMs }) => this.#end(end, job, elapsedMs / 1000)),
      );
    }
    this.#forget.push(
      consumer.on("fail", ({ job, willRetry }) => {
        if (willRetry) this.#pairOf(job).nexts.retry++;
      }),
      consumer.on("dead", ({ job }) => void this.#pairOf(job).nexts.dead++),
      consumer.on("dropped", ({ job }) => void this.#pairOf(job).nexts.dropped++),
    );
    const names = Object.keys(COUNTED) as CountedName[];
    this.#counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<
      CountedName,
      number
    >;
    for (const name of names) {
      this.#forget.push(consumer.on(name, () => void this.#counts[name]++));
    }
  }

  /** All of it, as Prometheus' text format (version 0.0.4). */
  text(): string {
    const text = new PrometheusText();
    this.#writeJobs(text);
    for (const [name, help] of Object.entries(COUNTED)) {
      const full = `faktory_consumer_${snake(name)}_total`;
      text.metric(full, "counter", help).sample(full, {}, this.#counts[name as CountedName]);
    }
    const { healthy, connected, busy, concurrency, unreported, lagMs } = this.#consumer.health();
    const gauges = [
      ["healthy", "Whether the consumer does what it is there for", Number(healthy)],
      ["connected", "Whether it has connections", Number(connected)],
      ["busy", "Jobs that run", busy],
      ["concurrency", "Jobs that may run at the same time", concurrency],
      ["unreported", "Ended jobs of which the server does not know yet", unreported],
      ["lag_seconds", "By how much the event loop was late when last looked at", lagMs / 1000],
    ] as const;
    for (const [name, help, value] of gauges) {
      const full = `faktory_consumer_${name}`;
      text.metric(full, "gauge", help).sample(full, {}, value);
    }
    return text.toString();
  }

  /** Counts no more. */
  [Symbol.dispose](): void {
    for (const forget of this.#forget.splice(0)) forget();
  }

  #writeJobs(text: PrometheusText): void {
    const total = "faktory_jobs_total";
    text.metric(total, "counter", "Jobs that ended, by how: done, fail, discard, snooze");
    for (const { ends, labels } of this.#pairs.values()) {
      for (const end of ENDS) {
        if (ends[end] > 0) text.sample(total, { ...labels, outcome: end }, ends[end]);
      }
    }
    const failed = "faktory_failed_jobs_total";
    text.metric(failed, "counter", "Jobs that failed, by what follows: retry, dead, dropped");
    for (const { nexts, labels } of this.#pairs.values()) {
      for (const next of NEXTS) {
        if (nexts[next] > 0) text.sample(failed, { ...labels, next }, nexts[next]);
      }
    }
    const duration = "faktory_job_duration_seconds";
    text.metric(duration, "histogram", "How long handlers and their middleware took");
    for (const { labels, buckets, seconds, count } of this.#pairs.values()) {
      let sum = 0;
      this.#bounds.forEach((bound, i) => {
        sum += buckets[i]!;
        text.sample(`${duration}_bucket`, { ...labels, le: numberText(bound) }, sum);
      });
      text.sample(`${duration}_bucket`, { ...labels, le: "+Inf" }, count);
      text.sample(`${duration}_sum`, labels, seconds).sample(`${duration}_count`, labels, count);
    }
  }

  #end(end: (typeof ENDS)[number], job: Job, seconds: number): void {
    const pair = this.#pairOf(job);
    pair.ends[end]++;
    pair.seconds += seconds;
    const at = this.#bounds.findIndex((bound) => seconds <= bound);
    if (at >= 0) pair.buckets[at]!++;
  }

  #pairOf(job: Pick<Job, "type" | "queue">): Pair {
    const [type, queue] = [shortened(job.type), shortened(job.queue)];
    // A queue's name has no space in it.
    const key = `${queue} ${type}`;
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    if (this.#pairs.size >= MAX_PAIRS && type !== OTHER) {
      return this.#pairOf({ type: OTHER, queue: OTHER });
    }
    const pair = new Pair(type, queue, this.#bounds.length);
    this.#pairs.set(key, pair);
    return pair;
  }
}

function checkBuckets(buckets: unknown): readonly number[] {
  const isRising = Array.isArray(buckets) && buckets.length > 0 &&
    buckets.every((bound, i) =>
      Number.isFinite(bound) && bound > (i === 0 ? 0 : buckets[i - 1] as number)
    );
  if (isRising) return [...buckets];
  throw invalidOption("buckets", "an array of numbers above 0, each above the one before", buckets);
}

/** A name of which not too much is left, the same for all that begin like it. */
function shortened(name: string): string {
  return name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME)}...`;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
