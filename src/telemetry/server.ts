import { type BatchObservableResult, type Meter, metrics } from "@opentelemetry/api";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import { readServerStats } from "../producer/server_stats.ts";
import type { Producer } from "../producer/producer.ts";
import type { MeterProviderLike } from "./open_telemetry.ts";

/** Options of {@linkcode observeServer}. */
export interface ObserveServerOptions {
  /** Receives the metrics. @default the registered provider */
  readonly meterProvider?: MeterProviderLike | undefined;
  /** Number of queues to observe: the largest ones. @default 1000 */
  readonly maxQueues?: number | undefined;
}

const OPTIONS = {
  meterProvider: true,
  maxQueues: true,
} as const satisfies OptionNames<ObserveServerOptions>;

/**
 * Observes a Faktory server, of any edition and version, whenever metrics are collected:
 * `faktory.queue.jobs` and `faktory.queue.latency` by `faktory.queue.name`, `faktory.set.jobs` by
 * `faktory.set.name`, `faktory.server.connections`, `faktory.server.processed` and
 * `faktory.server.failures`. Use it in one program per installation.
 *
 * @example Observe until the program ends
 * ```ts no-assert
 * import { Producer } from "@faktory-ts/faktory";
 * import { observeServer } from "@faktory-ts/faktory/telemetry";
 *
 * await using producer = await Producer.connect();
 * using _observation = observeServer(producer);
 * ```
 *
 * @returns an object that stops the observation when it is disposed.
 */
export function observeServer(
  producer: Producer<JobDefinitions>,
  options: ObserveServerOptions = {},
): Disposable {
  checkOptionNames(options, OPTIONS, "observeServer");
  const { meterProvider, maxQueues = 1000 } = options;
  const meter = (meterProvider ?? metrics).getMeter("@faktory-ts/faktory") as Meter;
  const gauge = (name: string, description: string, unit: string) =>
    meter.createObservableGauge(`faktory.${name}`, { description, unit });
  const counter = (name: string, description: string) =>
    meter.createObservableCounter(`faktory.server.${name}`, { description, unit: "{job}" });
  const jobs = gauge("queue.jobs", "Jobs waiting on a queue", "{job}");
  const latency = gauge("queue.latency", "Waiting time of the oldest job of a queue", "s");
  const members = gauge("set.jobs", "Jobs in a set", "{job}");
  const connections = gauge("server.connections", "Open connections", "{connection}");
  const processed = counter("processed", "Runs of jobs, successful or failed");
  const failures = counter("failures", "Failed runs");
  const observe = async (result: BatchObservableResult) => {
    const { queues, sets, server, totals } = await readServerStats(producer, maxQueues);
    for (const queue of queues) {
      const attributes = { "faktory.queue.name": queue.name };
      result.observe(jobs, queue.size, attributes);
      if (queue.latency !== undefined) result.observe(latency, queue.latency, attributes);
    }
    for (const [set, size] of Object.entries(sets)) {
      result.observe(members, size, { "faktory.set.name": set });
    }
    result.observe(connections, server.connections);
    result.observe(processed, totals.processed);
    result.observe(failures, totals.failures);
  };
  const instruments = [jobs, latency, members, connections, processed, failures];
  meter.addBatchObservableCallback(observe, instruments);
  return { [Symbol.dispose]: () => meter.removeBatchObservableCallback(observe, instruments) };
}
