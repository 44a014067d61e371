/**
 * Jobs as JSON Lines: streams of bytes to jobs and back, and streams of many files merged.
 *
 * @module
 */

export { NdjsonError } from "./error.ts";
export type { NdjsonErrorOptions } from "./error.ts";
export { jobsToLines } from "./jobs_to_lines.ts";
export { linesToJobs } from "./lines_to_jobs.ts";
export type { InvalidLine, LinesToJobs, LinesToJobsOptions } from "./lines_to_jobs.ts";
export { mergeStreams } from "./merge_streams.ts";
