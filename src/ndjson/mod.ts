/**
 * Jobs as JSON Lines: converts byte streams to jobs and back, and merges streams.
 *
 * @example Enqueue a file of jobs
 * ```ts no-assert
 * import { Producer } from "@faktory-ts/faktory";
 * import { linesToJobs } from "@faktory-ts/faktory/ndjson";
 *
 * const file = new Blob(['{"type":"resize","args":["cat.png",320]}\n']);
 * await using producer = await Producer.connect();
 * await file.stream().pipeThrough(linesToJobs()).pipeTo(producer.writable());
 * ```
 *
 * @module
 */

export { NdjsonError } from "./error.ts";
export type { NdjsonErrorOptions } from "./error.ts";
export type { EncodedBytes } from "./jobs_to_lines.ts";
export { jobsToLines } from "./jobs_to_lines.ts";
export { linesToJobs } from "./lines_to_jobs.ts";
export type { InvalidLine, LinesToJobs, LinesToJobsOptions } from "./lines_to_jobs.ts";
export { mergeStreams } from "./merge_streams.ts";
