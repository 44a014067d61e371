import type { EnqueueManyResult, JobSource } from "./enqueue_many.ts";
import type { ProducerMiddleware } from "./intake.ts";

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
  /** Each call of `enqueueMany` passes it: it calls `send` once, with those jobs, and gives what that gives. */
  enqueueMany(
    jobs: JobSource,
    send: (jobs: JobSource) => Promise<EnqueueManyResult>,
  ): Promise<EnqueueManyResult>;
}

/** The option `telemetry` of a producer. */
export interface ProducerTelemetry {
  /** Gives what watches a producer of this server. */
  producer(server: ServerPlace): ProducerObserver;
}
