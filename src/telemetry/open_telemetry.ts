import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import {
  type Meter,
  metrics,
  type TextMapPropagator,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { ConfigError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import type { Telemetry } from "../producer/producer.ts";
import { observeConsumer } from "./consumer.ts";
import { Instruments } from "./instruments.ts";
import { observeProducer } from "./producer.ts";
import { TraceContext } from "./trace_context.ts";

/** A `TracerProvider` of `@opentelemetry/api`. */
export interface TracerProviderLike {
  /** Gives the `Tracer` of a library. */
  getTracer(name: string): object;
}

/** A `MeterProvider` of `@opentelemetry/api`. */
export interface MeterProviderLike {
  /** Gives the `Meter` of a library. */
  getMeter(name: string): object;
}

/** A `TextMapPropagator` of `@opentelemetry/api`. */
export interface PropagatorLike {
  /** Writes a context into a carrier. */
  inject(context: object, carrier: object, setter: object): void;
  /** Reads it there. */
  extract(context: object, carrier: object, getter: object): object;
  /** The names that it writes. */
  fields(): string[];
}

/** Options of {@linkcode openTelemetry}. */
export interface OpenTelemetryOptions {
  /**
   * Where spans go. @default the one that the program has registered, which in Deno
   * `OTEL_DENO=true` does
   */
  readonly tracerProvider?: TracerProviderLike | undefined;
  /** Where metrics go. @default the one that the program has registered */
  readonly meterProvider?: MeterProviderLike | undefined;
  /**
   * What writes the trace into a job's `custom`, and reads it there. @default W3C trace context:
   * `traceparent`, `tracestate`
   */
  readonly propagator?: PropagatorLike | undefined;
  /**
   * How the span of a run belongs to the one that enqueued its job: `child` has all of a job's life
   * in one trace, `link` begins a trace for each run, which points to the other; better where many
   * jobs are enqueued at once, or run much later.
   *
   * @default "child"
   */
  readonly relation?: "child" | "link" | undefined;
}

const OPTIONS = {
  tracerProvider: true,
  meterProvider: true,
  propagator: true,
  relation: true,
} as const satisfies OptionNames<OpenTelemetryOptions>;

/** The tracer's and the meter's. */
const NAME = "@faktory-ts/faktory";

/**
 * Spans and metrics by the semantic conventions for messaging.
 *
 * Spans: `send QUEUE` (producer) for each job that is enqueued, one for all jobs of an
 * `enqueueMany`, and `process QUEUE` (consumer) for each run of a job. The trace goes with the job,
 * in its `custom`. A run that fails records its error, and `faktory.job.outcome` says what became
 * of it. A job's arguments are in none of it.
 *
 * Metrics: `messaging.client.sent.messages`, `messaging.client.consumed.messages`,
 * `messaging.client.operation.duration` and `messaging.process.duration` (seconds), and of each
 * running consumer `faktory.consumer.busy`, `.concurrency` and `.unreported`.
 *
 * Without a registered provider all of this does nothing.
 *
 * @example Both sides; in Deno, `OTEL_DENO=true` sends all of it to a collector
 * ```ts no-assert
 * import { Consumer, Producer } from "@faktory-ts/faktory";
 * import { openTelemetry } from "@faktory-ts/faktory/telemetry";
 *
 * const telemetry = openTelemetry();
 * await using producer = await Producer.connect({ telemetry });
 * await producer.enqueue("resize", ["cat.png", 320]);
 * const consumer = new Consumer({ telemetry });
 * consumer.register("resize", (job) => console.log(job.args));
 * ```
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry {
  checkOptionNames(options, OPTIONS, "openTelemetry");
  const { relation = "child", propagator } = options;
  if (relation !== "child" && relation !== "link") {
    throw new ConfigError(
      "INVALID_OPTION",
      `Cannot use the option relation as it is not "child" or "link": got ${showValue(relation)}`,
    );
  }
  const instruments = new Instruments(
    (options.tracerProvider ?? trace).getTracer(NAME) as Tracer,
    (options.meterProvider ?? metrics).getMeter(NAME) as Meter,
    (propagator ?? new TraceContext()) as TextMapPropagator,
  );
  return {
    producer: (server) => observeProducer(instruments, server),
    consumer: (consumer) => observeConsumer(instruments, consumer, relation),
  };
}
