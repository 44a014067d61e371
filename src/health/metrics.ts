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
   * Upper bounds of the job duration histogram, in seconds, in ascending order.
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
 * Maximum number of pairs of type and queue with their own labels. Further pairs are counted as
 * `other`. Each pair costs memory here and in Prometheus, and types come from the programs that
 * enqueue jobs.
 */
const MAX_PAIRS = 1000;

/** Maximum length of a name in a label. Each name appears about twenty times. */
const MAX_NAME = 100;

const OTHER = "other";

/** The next steps of failed jobs that are counted. */
const NEXT_STEPS = ["retry", "dead", "dropped"] as const;

/** The outcomes of jobs that are counted. */
const OUTCOMES = ["done", "fail", "discard", "snooze"] as const;

/** Other events that are counted. */
const COUNTED_EVENTS = {
  requeued: "Jobs requeued without a run",
  unreported: "Jobs whose result could not be reported",
  expired: "Jobs whose reservation expired before their handler ended",
  fetchError: "Failed FETCHes, and jobs that could not be parsed",
  disconnect: "Outages of the connection",
  reconnect: "Reconnects after an outage",
  lag: "Times that the event loop was blocked for 250 ms or more",
  listenerError: "Errors thrown by listeners",
} as const satisfies { readonly [Name in keyof ConsumerEvents]?: string };

type CountedEvent = keyof typeof COUNTED_EVENTS;

/** The counts of one type on one queue. */
class JobCounts {
  readonly outcomes: Record<(typeof OUTCOMES)[number], number> = {
    done: 0,
    fail: 0,
    discard: 0,
    snooze: 0,
  };
  /** Failed jobs by their next step. */
  readonly nexts: Record<(typeof NEXT_STEPS)[number], number> = { retry: 0, dead: 0, dropped: 0 };
  seconds = 0;
  readonly labels: Labels;
  readonly buckets: number[];

  constructor(type: string, queue: string, buckets: number) {
    this.labels = { type, queue };
    this.buckets = new Array(buckets).fill(0);
  }

  get count(): number {
    return OUTCOMES.reduce((sum, outcome) => sum + this.outcomes[outcome], 0);
  }
}

/**
 * Counts the events of a consumer from its creation, and formats them for Prometheus.
 *
 * @example Serve the metrics yourself
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
  readonly #jobCounts = new Map<string, JobCounts>();
  readonly #eventCounts: Record<CountedEvent, number>;
  readonly #removeListeners: (() => void)[] = [];

  /**
   * Starts counting.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  constructor(consumer: Consumer<JobDefinitions>, options: ConsumerMetricsOptions = {}) {
    checkOptionNames(options, METRICS_OPTIONS, "ConsumerMetrics");
    this.#consumer = consumer;
    this.#bounds = checkBuckets(options.buckets ?? BUCKETS);
    for (const outcome of OUTCOMES) {
      this.#removeListeners.push(
        consumer.on(
          outcome,
          ({ job, elapsedMs }) => this.#countOutcome(outcome, job, elapsedMs / 1000),
        ),
      );
    }
    this.#removeListeners.push(
      consumer.on("fail", ({ job, willRetry }) => {
        if (willRetry) this.#jobCountsOf(job).nexts.retry++;
      }),
      consumer.on("dead", ({ job }) => void this.#jobCountsOf(job).nexts.dead++),
      consumer.on("dropped", ({ job }) => void this.#jobCountsOf(job).nexts.dropped++),
    );
    const names = Object.keys(COUNTED_EVENTS) as CountedEvent[];
    this.#eventCounts = Object.fromEntries(names.map((name) => [name, 0])) as Record<
      CountedEvent,
      number
    >;
    for (const name of names) {
      this.#removeListeners.push(consumer.on(name, () => void this.#eventCounts[name]++));
    }
  }

  /** Returns all metrics in Prometheus' text format (version 0.0.4). */
  text(): string {
    const text = new PrometheusText();
    this.#writeJobs(text);
    for (const [name, help] of Object.entries(COUNTED_EVENTS)) {
      const full = `faktory_consumer_${snake(name)}_total`;
      text.metric(full, "counter", help).sample(full, {}, this.#eventCounts[name as CountedEvent]);
    }
    const { healthy, connected, busy, concurrency, unreported, lagMs } = this.#consumer.health();
    const gauges = [
      ["healthy", "1 if the consumer is healthy", Number(healthy)],
      ["connected", "1 if the consumer is connected", Number(connected)],
      ["busy", "Running jobs", busy],
      ["concurrency", "Maximum number of running jobs", concurrency],
      ["unreported", "Ended jobs that are not yet reported", unreported],
      ["lag_seconds", "Delay of the event loop at the last check", lagMs / 1000],
    ] as const;
    for (const [name, help, value] of gauges) {
      const full = `faktory_consumer_${name}`;
      text.metric(full, "gauge", help).sample(full, {}, value);
    }
    return text.toString();
  }

  /** Stops counting. */
  [Symbol.dispose](): void {
    for (const removeListener of this.#removeListeners.splice(0)) removeListener();
  }

  #writeJobs(text: PrometheusText): void {
    const total = "faktory_jobs_total";
    text.metric(total, "counter", "Ended jobs by outcome: done, fail, discard, snooze");
    for (const { outcomes, labels } of this.#jobCounts.values()) {
      for (const outcome of OUTCOMES) {
        if (outcomes[outcome] > 0) text.sample(total, { ...labels, outcome }, outcomes[outcome]);
      }
    }
    const failed = "faktory_failed_jobs_total";
    text.metric(failed, "counter", "Failed jobs by next step: retry, dead, dropped");
    for (const { nexts, labels } of this.#jobCounts.values()) {
      for (const next of NEXT_STEPS) {
        if (nexts[next] > 0) text.sample(failed, { ...labels, next }, nexts[next]);
      }
    }
    const duration = "faktory_job_duration_seconds";
    text.metric(duration, "histogram", "Duration of handlers with their middleware");
    for (const { labels, buckets, seconds, count } of this.#jobCounts.values()) {
      let sum = 0;
      this.#bounds.forEach((bound, i) => {
        sum += buckets[i]!;
        text.sample(`${duration}_bucket`, { ...labels, le: numberText(bound) }, sum);
      });
      text.sample(`${duration}_bucket`, { ...labels, le: "+Inf" }, count);
      text.sample(`${duration}_sum`, labels, seconds).sample(`${duration}_count`, labels, count);
    }
  }

  #countOutcome(outcome: (typeof OUTCOMES)[number], job: Job, seconds: number): void {
    const counts = this.#jobCountsOf(job);
    counts.outcomes[outcome]++;
    counts.seconds += seconds;
    const at = this.#bounds.findIndex((bound) => seconds <= bound);
    if (at >= 0) counts.buckets[at]!++;
  }

  #jobCountsOf(job: Pick<Job, "type" | "queue">): JobCounts {
    const [type, queue] = [shorten(job.type), shorten(job.queue)];
    // Queue names contain no spaces.
    const key = `${queue} ${type}`;
    const known = this.#jobCounts.get(key);
    if (known !== undefined) return known;
    if (this.#jobCounts.size >= MAX_PAIRS && type !== OTHER) {
      return this.#jobCountsOf({ type: OTHER, queue: OTHER });
    }
    const counts = new JobCounts(type, queue, this.#bounds.length);
    this.#jobCounts.set(key, counts);
    return counts;
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

/** Shortens a long name. Names with the same beginning become the same. */
function shorten(name: string): string {
  return name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME)}...`;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
