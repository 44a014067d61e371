import type { Job } from "../job/job.ts";
import type { EnqueueManyResult, JobSource } from "../job/job_source.ts";
import type { ProducerMiddleware } from "./enqueue_pipeline.ts";

/** The address of a server. */
export interface ServerAddress {
  /** Its host name or IP address. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
}

/** Observes the jobs of one producer. It must only throw errors that it gets from `next`. */
export interface ProducerObserver {
  /** Middleware that runs outside all other middleware. */
  readonly enqueue: ProducerMiddleware;
  /** Wraps a call of `enqueueMany`: calls `send` once with the jobs, and returns its result. */
  enqueueMany(
    jobs: JobSource,
    send: (jobs: JobSource) => Promise<EnqueueManyResult>,
  ): Promise<EnqueueManyResult>;
}

/** The load of a consumer. */
export interface ConsumerStats {
  /** Number of running jobs. */
  readonly busy: number;
  /** Maximum number of jobs that run at the same time. */
  readonly concurrency: number;
  /** Number of ended jobs whose result the server has not confirmed. */
  readonly unreported: number;
}

/** A consumer, as telemetry sees it when the consumer starts. */
export interface ObservedConsumer {
  /** The server that it fetches jobs from. */
  readonly server: ServerAddress;
  /** Its worker id. */
  readonly wid: string;
  /** Returns its present load. */
  stats(): ConsumerStats;
}

/** Observes one run of a consumer. It must only throw errors that it gets from `next`. */
export interface ConsumerObserver {
  /** Observes the jobs that handlers enqueue with `context.producer`. */
  readonly producer: ProducerObserver;
  /**
   * Wraps each attempt at a job: calls `next` once, which runs the middleware and the handler, and
   * returns or throws what `next` does, promises included.
   */
  run(job: Job, attempt: number, next: () => unknown): unknown;
  /** Called when the consumer has ended. */
  close(): void;
}

/**
 * The option `telemetry` of producers and consumers: observes every job that is enqueued and run.
 * `openTelemetry` of `./telemetry` returns one that creates spans and metrics.
 */
export interface Telemetry {
  /** Returns the observer of a producer that uses this server. */
  producer(server: ServerAddress): ProducerObserver;
  /** Returns the observer of a consumer, for one run. */
  consumer(consumer: ObservedConsumer): ConsumerObserver;
}
