import { integerIn } from "../connection/options.ts";
import { systemClock } from "../internal/clock.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import {
  readServerStats,
  type ServerStats,
  type ServerStatsSource,
} from "../producer/server_stats.ts";
import type { Producer } from "../producer/producer.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import { PROMETHEUS_TYPE, PrometheusText } from "./prometheus.ts";

/** Options of {@linkcode serverMetrics}. */
export interface ServerMetricsOptions {
  /**
   * Number of queues with their own samples: the largest ones. The jobs of other queues are summed
   * up in one metric.
   *
   * @default 1000
   */
  readonly maxQueues?: number | undefined;
  /** Time limit for the server's reply, in ms, after which it counts as down. @default 5000 */
  readonly timeoutMs?: number | undefined;
}

const OPTIONS = {
  maxQueues: true,
  timeoutMs: true,
} as const satisfies OptionNames<ServerMetricsOptions>;

/** The metrics of a server, from {@linkcode serverMetrics}. */
export interface ServerMetrics {
  /** Requests the server's statistics and formats them for Prometheus. */
  text(): Promise<string>;
  /** Answers any request with that text. */
  handler(request: Request): Promise<Response>;
}

/**
 * Creates the metrics of a Faktory server, of any edition and version, for Prometheus: size and
 * latency of each queue, sizes of the sets, connections and totals. Each call sends commands to the
 * server. If it does not answer, `faktory_server_up` is 0 and other metrics are missing.
 *
 * @example Serve a scrape
 * ```ts
 * import { Producer } from "@faktory-ts/faktory";
 * import { serverMetrics } from "@faktory-ts/faktory/health";
 *
 * await using producer = await Producer.connect();
 * const metrics = serverMetrics(producer); // Deno.serve({ port: 9091 }, metrics.handler)
 * console.assert((await metrics.text()).includes("faktory_server_up 1"));
 * ```
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function serverMetrics(
  producer: Producer<JobDefinitions>,
  options: ServerMetricsOptions = {},
): ServerMetrics {
  checkOptionNames(options, OPTIONS, "serverMetrics");
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const maxQueues = integerIn("maxQueues", options.maxQueues, { ...range, fallback: 1000 });
  const timeoutMs = integerIn("timeoutMs", options.timeoutMs, { ...range, fallback: 5000 });
  const text = async () => formatServerStats(await readInTime(producer, maxQueues, timeoutMs));
  return {
    text,
    async handler({ method }) {
      const plain = { "content-type": "text/plain; charset=utf-8" };
      if (method !== "GET" && method !== "HEAD") {
        const headers = { ...plain, allow: "GET, HEAD" };
        return new Response("only GET is allowed\n", { status: 405, headers });
      }
      const headers = { "content-type": PROMETHEUS_TYPE, "cache-control": "no-store" };
      return new Response(method === "HEAD" ? null : await text(), { headers });
    },
  };
}

/** Requests the server's statistics. Returns `undefined` if it does not reply in time. */
async function readInTime(
  source: ServerStatsSource,
  maxQueues: number,
  timeoutMs: number,
): Promise<ServerStats | undefined> {
  let cancel = () => {};
  const timeout = new Promise<undefined>((resolve) => {
    cancel = systemClock.after(timeoutMs, () => resolve(undefined));
  });
  try {
    return await Promise.race([readServerStats(source, maxQueues), timeout]);
  } catch {
    return undefined;
  } finally {
    cancel();
  }
}

/** Formats a server's statistics for Prometheus. */
export function formatServerStats(stats: ServerStats | undefined): string {
  const text = new PrometheusText();
  const gauge = (name: string, help: string, value: number) =>
    text.metric(name, "gauge", help).sample(name, {}, value);
  gauge("faktory_server_up", "1 if the server answers", stats === undefined ? 0 : 1);
  if (stats === undefined) return text.toString();
  const { queues, others, sets, server, totals } = stats;
  text.metric("faktory_queue_jobs", "gauge", "Jobs waiting on a queue");
  for (const { name, size } of queues) text.sample("faktory_queue_jobs", { queue: name }, size);
  const latency = "faktory_queue_latency_seconds";
  text.metric(latency, "gauge", "Waiting time of the oldest job of a queue");
  for (const queue of queues) {
    if (queue.latency !== undefined) text.sample(latency, { queue: queue.name }, queue.latency);
  }
  if (others.queues > 0) {
    gauge("faktory_other_queues", "Queues without metrics of their own", others.queues);
    gauge("faktory_other_queues_jobs", "Jobs waiting on these queues", others.size);
  }
  text.metric("faktory_set_jobs", "gauge", "Jobs in a set: scheduled, retries, dead, working");
  for (const [set, size] of Object.entries(sets)) text.sample("faktory_set_jobs", { set }, size);
  gauge("faktory_server_connections", "Open connections", server.connections);
  gauge("faktory_server_uptime_seconds", "Time since the server started", server.uptimeSeconds);
  gauge("faktory_server_memory_bytes", "Memory of the server", server.usedMemoryMb * 1024 * 1024);
  const counters = [
    ["faktory_server_processed_total", "Runs of jobs, successful or failed", totals.processed],
    ["faktory_server_failures_total", "Failed runs", totals.failures],
    ["faktory_server_commands_total", "Commands from clients", server.commandCount],
  ] as const;
  for (const [name, help, value] of counters) {
    text.metric(name, "counter", help).sample(name, {}, value);
  }
  return text.toString();
}
