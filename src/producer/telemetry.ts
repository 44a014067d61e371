import type { Job } from "../job/job.ts";
import type { EnqueueManyResult, JobSource } from "../job/job_source.ts";
import type { ProducerMiddleware } from "./enqueue_pipeline.ts";

/** The server that jobs go to, or come from. */
export interface ServerPlace {
  /** Its name or address. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
}

/** What watches the jobs that go through one producer. It must not throw anything of its own. */
export interface ProducerObserver {
  /** Each job passes it before all middleware. */
  readonly enqueue: ProducerMiddleware;
  /**
   * Each call of `enqueueMany` passes it: it calls `send` once, with those jobs, and gives what
   * that gives.
   */
  enqueueMany(
    jobs: JobSource,
    send: (jobs: JobSource) => Promise<EnqueueManyResult>,
  ): Promise<EnqueueManyResult>;
}

/** How much a consumer has to do. */
export interface ConsumerFigures {
  /** Jobs that run. */
  readonly busy: number;
  /** Jobs that may run at the same time. */
  readonly concurrency: number;
  /** Ended jobs of which the server does not know yet. */
  readonly unreported: number;
}

/** A consumer that begins to run, as telemetry sees it. */
export interface ObservedConsumer {
  /** Where it fetches. */
  readonly server: ServerPlace;
  /** Its id. */
  readonly wid: string;
  /** How much it has to do at the moment of the call. */
  figures(): ConsumerFigures;
}

/** What watches one run of a consumer. It must not throw anything of its own. */
export interface ConsumerObserver {
  /** Watches what handlers enqueue by `context.producer`. */
  readonly producer: ProducerObserver;
  /**
   * Each attempt at a job passes it: it calls `next` once, which runs the middleware and the
   * handler, and gives what that gives, a promise of it included, or throws what that throws.
   */
  run(job: Job, attempt: number, next: () => unknown): unknown;
  /** The consumer has ended. */
  close(): void;
}

/**
 * The option `telemetry` of producers and consumers: what hears of every job that is enqueued and
 * run. `openTelemetry` of `./telemetry` gives one that makes spans and metrics of it.
 */
export interface Telemetry {
  /** Gives what watches a producer of this server. */
  producer(server: ServerPlace): ProducerObserver;
  /** Gives what watches a consumer from the begin of a run to its end. */
  consumer(consumer: ObservedConsumer): ConsumerObserver;
}
