/**
 * Tools for testing programs that enqueue and run jobs, without a server, ports or waiting.
 *
 * @example Test which jobs a program enqueues
 * ```ts
 * import { FakeFaktory } from "@faktory-ts/faktory/testing";
 *
 * await using faktory = await FakeFaktory.start();
 * await faktory.producer.enqueue("welcome", ["Ada"]); // by the code under test
 * faktory.assertEnqueued("welcome", { args: ["Ada"] });
 * ```
 *
 * @module
 */

export { FakeFaktory } from "./fake_faktory.ts";
export type { DrainOptions, FakeFaktoryOptions, InlineOptions } from "./fake_faktory.ts";
export type { FakeConnection } from "./fake_server.ts";
export type { ExpectedJob } from "./expected_job.ts";
export type { ExpectedJobs } from "./search.ts";
export { runJob } from "./run_job.ts";
export type { RunJobOptions, RunJobResult } from "./run_job.ts";
export type { LogEntry } from "./recording_logger.ts";
export type { DrainedJob, JobOutcome } from "./recording_emitter.ts";
export { AssertionError } from "./assertion_error.ts";
export type { AssertionErrorOptions } from "./assertion_error.ts";
export { MemoryServer } from "./memory_server.ts";
export { ManualClock, systemClock } from "../internal/clock.ts";
export type { Clock } from "../internal/clock.ts";
export type { ServerEdition, ServerOptions } from "../server/server_options.ts";
export type { ServerSnapshot } from "../server/server_state.ts";
export type { ServerCron } from "../server/enterprise/cron.ts";
export type { ServerThrottle } from "../server/enterprise/throttles.ts";
