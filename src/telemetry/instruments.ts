import {
  type Attributes,
  type Context,
  context,
  type Counter,
  type Histogram,
  type Meter,
  type ObservableGauge,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  type TextMapPropagator,
  type Tracer,
} from "@opentelemetry/api";
import { isError } from "../internal/kinds.ts";
import type { ServerAddress } from "../producer/producer.ts";

/** Bucket bounds that the conventions recommend, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The gauges of a consumer. */
export type GaugeName = "busy" | "concurrency" | "unreported";

/** The objects that create spans and metrics. */
export class Instruments {
  readonly tracer: Tracer;
  readonly meter: Meter;
  readonly sent: Counter;
  readonly consumed: Counter;
  readonly failed: Counter;
  readonly operationDuration: Histogram;
  readonly processDuration: Histogram;
  readonly gauges: Readonly<Record<GaugeName, ObservableGauge>>;
  readonly #propagator: TextMapPropagator;

  constructor(tracer: Tracer, meter: Meter, propagator: TextMapPropagator) {
    this.tracer = tracer;
    this.meter = meter;
    this.#propagator = propagator;
    this.sent = meter.createCounter("messaging.client.sent.messages", {
      description: "Jobs that a producer tried to enqueue",
      unit: "{message}",
    });
    this.consumed = meter.createCounter("messaging.client.consumed.messages", {
      description: "Jobs that were given to a handler",
      unit: "{message}",
    });
    this.failed = meter.createCounter("faktory.consumer.failed_jobs", {
      description: "Failed jobs by next step: retry, dead, dropped",
      unit: "{job}",
    });
    this.operationDuration = this.#seconds(
      "messaging.client.operation.duration",
      "Time until the server had a job, or all jobs of an enqueueMany",
    );
    this.processDuration = this.#seconds(
      "messaging.process.duration",
      "Time that a handler and its middleware took",
    );
    const gauge = (name: GaugeName, description: string) =>
      meter.createObservableGauge(`faktory.consumer.${name}`, { description, unit: "{job}" });
    this.gauges = {
      busy: gauge("busy", "Running jobs"),
      concurrency: gauge("concurrency", "Maximum number of running jobs"),
      unreported: gauge("unreported", "Ended jobs that are not yet reported"),
    };
  }

  /** Returns the trace fields for a job's `custom`. */
  traceFields(traced: Context): Record<string, string> {
    const carrier: Record<string, string> = {};
    this.#propagator.inject(traced, carrier, {
      set: (carrier, key, value) => void (carrier[key] = value),
    });
    return carrier;
  }

  /** Returns the context that a job was enqueued in, or an empty one. */
  origin(custom: Readonly<Record<string, unknown>>): Context {
    return this.#propagator.extract(ROOT_CONTEXT, custom, {
      get: (custom, key) => {
        const value = Object.hasOwn(custom, key) ? custom[key] : undefined;
        return typeof value === "string" ? value : undefined;
      },
      keys: (custom) => Object.keys(custom),
    });
  }

  #seconds(name: string, description: string): Histogram {
    const advice = { explicitBucketBoundaries: BUCKETS };
    return this.meter.createHistogram(name, { description, unit: "s", advice });
  }
}

/** Returns the attributes of the server. */
export function serverAttributes({ hostname, port }: ServerAddress): Attributes {
  return {
    "messaging.system": "faktory",
    "server.address": hostname,
    "server.port": port,
  };
}

/** Returns the attributes of an operation, with the names of the conventions. */
export function operationAttributes(operation: "send" | "process"): Attributes {
  return { "messaging.operation.name": operation, "messaging.operation.type": operation };
}

/** Returns the type of an error, with few distinct values, and never its message. */
export function errorType(error: unknown): string {
  try {
    if (!isError(error)) return "_OTHER";
    const { code } = error as { code?: unknown };
    return typeof code === "string" && code !== "" ? code : String(error.name);
  } catch {
    // A getter may throw, or a proxy may be revoked.
    return "_OTHER";
  }
}

/** Records an error on a span. */
export function failSpan(span: Span, error: unknown): void {
  span.setAttribute("error.type", errorType(error));
  try {
    span.recordException(isError(error) ? error : String(error));
    span.setStatus({
      code: SpanStatusCode.ERROR,
      ...isError(error) && { message: error.message },
    });
  } catch {
    // A getter may throw, a proxy may be revoked, or a value may not convert to a string.
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
}

/** Returns the caller's context. */
export function callerContext(): Context {
  return context.active();
}
