/**
 * A client for the [Faktory](https://github.com/contribsys/faktory) work server: producers enqueue
 * jobs, consumers run them, the server keeps queues, retries and schedules.
 *
 * @example A job, from one end to the other
 * ```ts no-assert
 * import { Consumer, Producer } from "@faktory-ts/faktory";
 * import { FaktoryServer } from "@faktory-ts/faktory/server";
 *
 * await using server = await FaktoryServer.start({ port: 0 }); // or a Faktory of yours
 * await using producer = await Producer.connect({ url: server.url });
 * await producer.enqueue("greet", ["world"]);
 *
 * const consumer = new Consumer({ url: server.url });
 * consumer.register("greet", (job) => console.log(`Hello, ${job.args[0]}!`));
 * await consumer.runToCompletion(); // `run()` goes on until it is stopped
 * ```
 *
 * @module
 */

export * from "./src/errors.ts";
export type {
  ConnectTarget,
  DuplexStream,
  TlsOptions,
  Transport,
  TransportConnection,
  TransportConnectOptions,
} from "./src/transport/transport.ts";
export { Job } from "./src/job/job.ts";
export type { JobFailure, JobFields, JobInput, JobOptions } from "./src/job/job.ts";
export type { DurationText } from "./src/job/duration.ts";
export type { Uniqueness } from "./src/job/shorthands.ts";
export { defineJobs, job } from "./src/job/catalogue.ts";
export type {
  JobDefaults,
  JobDefinition,
  JobDefinitions,
  JobTypeOptions,
} from "./src/job/catalogue.ts";
export type { FailurePolicy } from "./src/job/failure_policy.ts";
export type * from "./src/job/standard_schema.ts";
export type * from "./src/job/typed.ts";
export { Producer } from "./src/producer/producer.ts";
export type {
  CallOptions,
  Cancellation,
  CancelOptions,
  CloseOptions,
  CloseReport,
  CommandOptions,
  ProducerEvents,
  ProducerMiddleware,
  ProducerOptions,
} from "./src/producer/producer.ts";
export type {
  ConsumerObserver,
  ConsumerStats,
  ObservedConsumer,
  ProducerObserver,
  ServerAddress,
  Telemetry,
} from "./src/producer/telemetry.ts";
export type { EnqueueManyResult, JobSource } from "./src/job/job_source.ts";
export type { WritableOptions } from "./src/producer/writable.ts";
export type { QueueNames, Queues } from "./src/producer/queues.ts";
export type { JobFilter, JobSet, JobSets } from "./src/producer/sets.ts";
export type {
  Batch,
  Batches,
  BatchFiller,
  BatchStatus,
  CallbackState,
} from "./src/producer/batches.ts";
export type { TrackedJob, Tracking } from "./src/producer/tracking.ts";
export { Consumer } from "./src/consumer/consumer.ts";
export type {
  ManyContext,
  ManyHandler,
  ManyOptions,
  OptionsAndManyHandler,
} from "./src/consumer/chunks/chunks.ts";
export type { StopOptions } from "./src/consumer/run_options.ts";
export type { RunningJob } from "./src/consumer/running_job.ts";
export type {
  ConsumerEvents,
  ConsumerState,
  FailedAttempt,
  FailedJob,
} from "./src/consumer/events.ts";
export type { Handler, JobContext } from "./src/consumer/handler.ts";
export type { ConsumerOptions } from "./src/consumer/options.ts";
export type { Limit } from "./src/consumer/fetch/limit.ts";
export type { ConsumerLimits } from "./src/consumer/fetch/limits.ts";
export type { QueueChoice, QueueChooser } from "./src/consumer/fetch/choice.ts";
export { isolated } from "./src/consumer/isolated/isolated.ts";
export type {
  IsolatedContext,
  IsolatedHandler,
  IsolatedJob,
  IsolatedOptions,
  IsolatedRun,
} from "./src/consumer/isolated/types.ts";
export { resumable } from "./src/consumer/resumable/resumable.ts";
export type {
  ResumableContext,
  ResumableOptions,
  ResumableRun,
} from "./src/consumer/resumable/resumable.ts";
export type { ConsumerHealth } from "./src/consumer/health.ts";
export { fieldsFirst } from "./src/consumer/logger.ts";
export type {
  FieldsFirstLogger,
  LogFields,
  Logger,
  LoggerLike,
  LogLevel,
} from "./src/consumer/logger.ts";
export { Discard, Kill, Outcome, RetryAfter, Snooze } from "./src/consumer/outcome.ts";
export type { CauseOptions } from "./src/consumer/outcome.ts";
export type { AfterFailure } from "./src/consumer/run/failure.ts";
export type { ConsumerMiddleware } from "./src/consumer/middleware.ts";
export type { HandlerAndOptions, HandlerOptions, OnDead } from "./src/consumer/run/registry.ts";
export type { EndReason, Report, RunOptions } from "./src/consumer/report.ts";
export type { ConnectionOptions, ReconnectOptions } from "./src/connection/options.ts";
export type { Password } from "./src/connection/password.ts";
export type { Outage, Recovery } from "./src/connection/status.ts";
export type { Delivery } from "./src/connection/reconnect_options.ts";
export type { BatchDefinition, Progress } from "./src/protocol/commands/enterprise.ts";
export type { ServerInfo } from "./src/protocol/server_info.ts";
export type { Listener, ListenerFailure } from "./src/events.ts";
export { streamTransport } from "./src/transport/stream.ts";
export type { OpenStream } from "./src/transport/stream.ts";
