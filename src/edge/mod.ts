/**
 * The smallest producer, for Cloudflare Workers: 11 kB with everything it needs, minified and
 * gzipped.
 *
 * It connects, checks each job, enqueues it, and reports errors with the classes of the package.
 * Its methods are those of the package's `Producer`, so a program can switch to that class by
 * changing the import. `PasswordlessProducer` is smaller by 1 kB.
 *
 * @example Enqueue a job from a Worker
 * ```ts ignore
 * import { Producer } from "@faktory-ts/faktory/edge";
 *
 * export default {
 *   async fetch(request: Request, env: { FAKTORY_URL: string; FAKTORY_PASSWORD: string }) {
 *     await using producer = await Producer.connect({
 *       url: env.FAKTORY_URL,
 *       password: env.FAKTORY_PASSWORD,
 *     });
 *     const jid = await producer.enqueue("welcome", [await request.json()]);
 *     return Response.json({ jid }, { status: 202 });
 *   },
 * };
 * ```
 *
 * @module
 */

export { PasswordlessProducer, Producer } from "./producer.ts";
export type { CallOptions } from "./producer.ts";
export type { PasswordlessProducerOptions, ProducerOptions } from "./options.ts";
export { Job } from "../job/job.ts";
export type { JobFailure, JobFields, JobInput, JobOptions } from "../job/job.ts";
export type { EnqueueManyResult, JobSource } from "../job/job_source.ts";
export type {
  ConnectTarget,
  DuplexStream,
  TlsOptions,
  Transport,
  TransportConnection,
  TransportConnectOptions,
} from "../transport/transport.ts";
export type { Clock } from "../internal/clock.ts";
export {
  AuthenticationError,
  ConfigError,
  ConnectError,
  ConnectionLostError,
  FaktoryError,
  InvalidArgumentError,
  InvalidJobError,
  NotUniqueError,
  ProtocolError,
  ServerError,
  ServerShutdownError,
  StateError,
  TimeoutError,
  TlsError,
  VersionError,
} from "../errors.ts";
export type {
  CommandOutcome,
  ConnectionLostErrorOptions,
  FaktoryErrorCode,
  FaktoryErrorOptions,
  InvalidJobErrorOptions,
  SchemaIssue,
} from "../errors.ts";
