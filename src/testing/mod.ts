/**
 * For tests of programs that enqueue and run jobs: no server, no port, no waiting.
 *
 * @module
 */

export { FakeFaktory } from "./fake_faktory.ts";
export type { DrainOptions, FakeFaktoryOptions, InlineOptions } from "./fake_faktory.ts";
export type { FakeConnection } from "./fake_server.ts";
export type { ExpectedJob } from "./expected_job.ts";
export type { ExpectedJobs } from "./search.ts";
export { runJob } from "./run_job.ts";
export type { JobRun, RunJobOptions } from "./run_job.ts";
export type { LogEntry } from "./recorder.ts";
export type { DrainedJob, JobOutcome } from "./tap.ts";
export { AssertionError } from "./assertion_error.ts";
export type { AssertionErrorOptions } from "./assertion_error.ts";
export { MemoryServer } from "./memory_server.ts";
export { ManualClock, systemClock } from "../internal/clock.ts";
export type { Clock } from "../internal/clock.ts";
export type { ServerEdition, ServerOptions, ServerSnapshot } from "../server/core.ts";
