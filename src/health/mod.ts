/**
 * How a consumer is, for whoever watches it: `/health` for a supervisor of containers, `/metrics` for Prometheus, as a handler of
 * web-standard requests.
 *
 * @module
 */

export { healthHandler } from "./handler.ts";
export type { HealthHandler, HealthHandlerOptions } from "./handler.ts";
export { ConsumerMetrics } from "./metrics.ts";
export type { ConsumerMetricsOptions } from "./metrics.ts";
export { nodeListener } from "./node.ts";
export type { NodeRequest, NodeResponse } from "./node.ts";
