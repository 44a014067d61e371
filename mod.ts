/**
 * A client for the [Faktory](https://github.com/contribsys/faktory) work server: producers enqueue jobs, consumers run
 * them, the server keeps queues, retries and schedules.
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
