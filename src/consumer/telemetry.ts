import type { Job } from "../job/job.ts";
import type { ProducerObserver, ProducerTelemetry, ServerPlace } from "../producer/producer.ts";
import type { JobContext } from "./handler.ts";
import type { ConsumerHealth } from "./health.ts";

/** A consumer that begins to run, as telemetry sees it. */
export interface ObservedConsumer {
  /** Where it fetches. */
  readonly server: ServerPlace;
  /** Its id. */
  readonly wid: string;
  /** How it is at the moment of the call. */
  health(): ConsumerHealth;
}

/** What watches one run of a consumer. It must not throw anything of its own. */
export interface ConsumerObserver {
  /** Watches what handlers enqueue by `context.producer`. */
  readonly producer: ProducerObserver;
  /**
   * Each run of a job passes it: it calls `next` once, which runs the middleware and the handler, and gives what that gives,
   * a promise of it included, or throws what that throws.
   */
  run(job: Job, context: JobContext, next: () => unknown): unknown;
  /** The consumer has ended. */
  close(): void;
}

/**
 * The option `telemetry` of producers and consumers: what hears of every job that is enqueued and run. `openTelemetry` of
 * `./telemetry` gives one that makes spans and metrics of it.
 */
export interface Telemetry extends ProducerTelemetry {
  /** Gives what watches a consumer from the begin of a run to its end. */
  consumer(consumer: ObservedConsumer): ConsumerObserver;
}
