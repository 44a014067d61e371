/**
 * Spans and metrics of jobs for [OpenTelemetry](https://opentelemetry.io). Pass `openTelemetry()`
 * as the option `telemetry` of producers and consumers. With npm, install the optional peer
 * dependency `@opentelemetry/api`.
 *
 * @example One trace from the enqueue to the run
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
export { observeServer } from "./server.ts";
export type { ObserveServerOptions } from "./server.ts";
export type {
  ConsumerObserver,
  ConsumerStats,
  ObservedConsumer,
  ProducerObserver,
  ServerAddress,
  Telemetry,
} from "../producer/producer.ts";
