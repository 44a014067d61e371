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
  /** Returns the library's `Tracer`. */
  getTracer(name: string): object;
}

/** A `MeterProvider` of `@opentelemetry/api`. */
export interface MeterProviderLike {
  /** Returns the library's `Meter`. */
  getMeter(name: string): object;
}

/** A `TextMapPropagator` of `@opentelemetry/api`. */
export interface PropagatorLike {
  /** Writes a context into a carrier. */
  inject(context: object, carrier: object, setter: object): void;
  /** Reads a context from a carrier. */
  extract(context: object, carrier: object, getter: object): object;
  /** The names of the fields that it writes. */
  fields(): string[];
}

/** Options of {@linkcode openTelemetry}. */
export interface OpenTelemetryOptions {
  /**
   * Receives the spans. In Deno, `OTEL_DENO=true` registers a provider.
   *
   * @default the registered provider
   */
  readonly tracerProvider?: TracerProviderLike | undefined;
  /** Receives the metrics. @default the registered provider */
  readonly meterProvider?: MeterProviderLike | undefined;
  /**
   * Writes the trace into a job's `custom`, and reads it from there.
   *
   * @default W3C trace context: `traceparent`, `tracestate`
   */
  readonly propagator?: PropagatorLike | undefined;
  /**
   * Relation of a run's span to the span that enqueued the job. `child` puts both into one trace.
   * `link` starts a new trace for each run with a link to the other, which is better if many jobs
   * are enqueued at once or run much later.
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

/** The name of the tracer and the meter. */
const NAME = "@faktory-ts/faktory";

/**
 * Creates the option `telemetry`: spans and metrics by the semantic conventions for messaging.
 *
 * Spans: `send QUEUE` (producer) for each enqueued job or for all jobs of an `enqueueMany`, and
 * `process QUEUE` (consumer) for each run. The job carries the trace in its `custom`. A failed run
 * records its error, and `faktory.job.outcome` is the outcome. Arguments of jobs are never
 * recorded.
 *
 * Metrics: `messaging.client.sent.messages`, `messaging.client.consumed.messages`,
 * `messaging.client.operation.duration` and `messaging.process.duration` (seconds). For each
 * running consumer: `faktory.consumer.busy`, `.concurrency` and `.unreported`.
 *
 * Without a registered provider, nothing is recorded.
 *
 * @example Both sides. In Deno, `OTEL_DENO=true` sends the data to a collector
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
