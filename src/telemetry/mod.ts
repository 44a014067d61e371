/**
 * Spans and metrics of jobs by [OpenTelemetry](https://opentelemetry.io): for producers and
 * consumers that are given `openTelemetry()` as their option `telemetry`. From npm it needs
 * `@opentelemetry/api` installed: an optional peer.
 *
 * @example One trace, from whoever enqueues to the run
 * ```ts no-assert
 * import { Consumer, Producer } from "@faktory-ts/faktory";
 * import { openTelemetry } from "@faktory-ts/faktory/telemetry";
 *
 * const telemetry = openTelemetry();
 * await using producer = await Producer.connect({ telemetry });
 * await producer.enqueue("resize", ["cat.png", 320]);
 * const consumer = new Consumer({ telemetry });
 * ```
 *
 * @module
 */

export { openTelemetry } from "./open_telemetry.ts";
export type {
  MeterProviderLike,
  OpenTelemetryOptions,
  PropagatorLike,
  TracerProviderLike,
} from "./open_telemetry.ts";
export { serverMetrics } from "./server.ts";
export type { ServerMetricsOptions } from "./server.ts";
export type {
  ConsumerFigures,
  ConsumerObserver,
  ObservedConsumer,
  ProducerObserver,
  ServerPlace,
  Telemetry,
} from "../producer/producer.ts";
