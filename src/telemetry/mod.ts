/**
 * Spans and metrics of jobs by [OpenTelemetry](https://opentelemetry.io): for producers and consumers that are given
 * `openTelemetry()` as their option `telemetry`.
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
export type {
  ConsumerFigures,
  ConsumerObserver,
  ObservedConsumer,
  ProducerObserver,
  ServerPlace,
  Telemetry,
} from "../producer/producer.ts";
