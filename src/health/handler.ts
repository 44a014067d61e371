import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import type { Consumer } from "../consumer/consumer.ts";
import { invalidOption } from "../connection/options.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import { ConsumerMetrics, type ConsumerMetricsOptions, METRICS_OPTIONS } from "./metrics.ts";
import { PROMETHEUS_TYPE } from "./prometheus.ts";

/** Options of {@linkcode healthHandler}. */
export interface HealthHandlerOptions extends ConsumerMetricsOptions {
  /** Path of the health check. `false` for none. @default "/health" */
  readonly healthPath?: string | false | undefined;
  /** Path of the metrics. `false` for none. @default "/metrics" */
  readonly metricsPath?: string | false | undefined;
}

const HANDLER_OPTIONS = {
  ...METRICS_OPTIONS,
  healthPath: true,
  metricsPath: true,
} as const satisfies OptionNames<HealthHandlerOptions>;

/** A web-standard request handler, for `Deno.serve`, `Bun.serve` or Hono. */
export type HealthHandler = (request: Request) => Response;

/**
 * Creates a request handler. `GET /health` returns `consumer.health()` as JSON, with status 200 if
 * the consumer is healthy, otherwise 503. `GET /metrics` returns metrics in Prometheus' text
 * format. Other paths return 404. The handler opens no port and requires no password: the server
 * that uses it controls access.
 *
 * @example Next to a consumer, in Deno
 * ```ts ignore
 * import { Consumer } from "@faktory-ts/faktory";
 * import { healthHandler } from "@faktory-ts/faktory/health";
 *
 * const consumer = new Consumer({ handleSignals: true });
 * const server = Deno.serve({ port: 9090 }, healthHandler(consumer));
 * await consumer.run();
 * await server.shutdown();
 * ```
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function healthHandler(
  consumer: Consumer<JobDefinitions>,
  options: HealthHandlerOptions = {},
): HealthHandler {
  checkOptionNames(options, HANDLER_OPTIONS, "healthHandler");
  const healthPath = checkPath("healthPath", options.healthPath ?? "/health");
  const metricsPath = checkPath("metricsPath", options.metricsPath ?? "/metrics");
  const { buckets } = options;
  const metrics = metricsPath === false ? undefined : new ConsumerMetrics(consumer, { buckets });
  const respond = (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== healthPath && pathname !== metricsPath) return text(404, "not found\n");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return text(405, "only GET is allowed\n", { allow: "GET, HEAD" });
    }
    const response = pathname === healthPath
      ? healthResponse(consumer)
      : text(200, metrics?.text() ?? "", { "content-type": PROMETHEUS_TYPE });
    return request.method === "HEAD" ? new Response(null, response) : response;
  };
  return (request) => {
    try {
      return respond(request);
    } catch {
      // The server may end the program on an error.
      return text(500, "internal error\n");
    }
  };
}

function healthResponse(consumer: Pick<Consumer, "health">): Response {
  const health = consumer.health();
  return text(health.healthy ? 200 : 503, `${JSON.stringify(health)}\n`, {
    "content-type": "application/json",
  });
}

function text(status: number, body: string, headers: Record<string, string> = {}): Response {
  const plain = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return new Response(body, { status, headers: { ...plain, ...headers } });
}

function checkPath(name: string, path: unknown): string | false {
  if (path === false || (typeof path === "string" && path.startsWith("/"))) return path;
  throw invalidOption(name, "a path that begins with /, or false", path);
}
