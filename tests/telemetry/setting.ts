import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, type ContextManager, ROOT_CONTEXT } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { Consumer, type ConsumerOptions, Producer, type ProducerOptions } from "../../mod.ts";
import { openTelemetry, type OpenTelemetryOptions } from "../../src/telemetry/mod.ts";
import { startQuick } from "../server/quick.ts";

/** Propagates contexts like the SDKs for Node. */
export class Contexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(context, () => Reflect.apply(fn, self, args) as ReturnType<F>);
  }

  bind<T>(_context: Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

/** Starts a server, and telemetry whose spans and metrics can be read. */
export async function start(
  options: Omit<OpenTelemetryOptions, "tracerProvider"> = {},
  temporality = AggregationTemporality.CUMULATIVE,
) {
  const server = await startQuick();
  const spanExporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(spanExporter)],
  });
  const exporter = new InMemoryMetricExporter(temporality);
  // Collected by hand.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const telemetry = openTelemetry({ tracerProvider, meterProvider, ...options });
  const { url } = server;
  return {
    server,
    telemetry,
    meterProvider,
    tracer: tracerProvider.getTracer("test"),
    producer: (more: ProducerOptions = {}) => Producer.connect({ url, telemetry, ...more }),
    consumer: (more: ConsumerOptions = {}) =>
      new Consumer({ url, telemetry, concurrency: 2, ...more }),
    /** Returns the ended spans with this prefix, in order. */
    spans: (name = ""): ReadableSpan[] =>
      spanExporter.getFinishedSpans().filter((span) => span.name.startsWith(name)),
    /** Returns all points of a metric. */
    async points(name: string) {
      exporter.reset();
      await reader.forceFlush();
      const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) =>
        scopeMetrics.flatMap(({ metrics }) => metrics)
      );
      const metric = metrics.find(({ descriptor }) => descriptor.name === name);
      return {
        unit: metric?.descriptor.unit,
        points: (metric?.dataPoints ?? []) as { attributes: object; value: unknown }[],
      };
    },
    async [Symbol.asyncDispose]() {
      await meterProvider.shutdown();
      await tracerProvider.shutdown();
      await server.close();
    },
  };
}
