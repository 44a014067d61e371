/**
 * Health checks and metrics: `/health` for container supervisors and `/metrics` for Prometheus as a
 * web-standard request handler, and the metrics of a server.
 *
 * @example Request the health without a port
 * ```ts
 * import { Consumer } from "@faktory-ts/faktory";
 * import { healthHandler } from "@faktory-ts/faktory/health";
 *
 * const handler = healthHandler(new Consumer()); // for Deno.serve, Bun.serve, Hono
 * const { status } = handler(new Request("http://localhost/health"));
 * console.assert(status === 503); // it does not run yet
 * ```
 *
 * @module
 */

export { healthHandler } from "./handler.ts";
export type { HealthHandler, HealthHandlerOptions } from "./handler.ts";
export { ConsumerMetrics } from "./metrics.ts";
export type { ConsumerMetricsOptions } from "./metrics.ts";
export { nodeListener } from "./node.ts";
export type { NodeRequest, NodeResponse } from "./node.ts";
export { serverMetrics } from "./server_metrics.ts";
export type { ServerMetrics, ServerMetricsOptions } from "./server_metrics.ts";
