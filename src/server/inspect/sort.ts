import type { JobQuery } from "../../inspect/types.ts";
import type { Payload } from "../payload.ts";
import { frameOf, readJobHeader } from "./job_header.ts";
import type { LocatedJob } from "./read.ts";

/** Jobs that are sorted in one call: this takes some 30 ms. */
export const MAX_SORTED = 20_000;

/** Characters of jobs that are sorted in one call: they are held in memory meanwhile. */
export const MAX_SORTED_LENGTH = 32 * 1024 * 1024;

/** A property to sort jobs by, instead of by time. */
export type JobOrder = NonNullable<JobQuery["sort"]>;

/** A job and its sort key. */
export interface SortedJob {
  readonly key: string | number;
  readonly found: LocatedJob;
}

/** Returns a function that reads the sort key of a stored job. */
export function keyReader(order: JobOrder): (payload: Payload) => string | number {
  return KEYS[order];
}

/** Sorts jobs. Those with the same key stay in their order. */
export function sortJobs(jobs: SortedJob[], isReversed: boolean): void {
  const sign = isReversed ? -1 : 1;
  jobs.sort((a, b) => a.key === b.key ? 0 : a.key < b.key ? -sign : sign);
}

const KEYS: Readonly<Record<JobOrder, (payload: Payload) => string | number>> = {
  type: (payload) => readJobHeader(payload).type,
  queue: (payload) => readJobHeader(payload).queue,
  error: (payload) => {
    const failure = failureIn(payload);
    const [, type = ""] = ERRTYPE.exec(failure) ?? [];
    const [, message = ""] = MESSAGE.exec(failure) ?? [];
    return `${type}: ${message}`;
  },
  // The job that failed most often comes first.
  attempts: (payload) => -Number(RETRY_COUNT.exec(failureIn(payload))?.[1] ?? -1),
};

const FAILURE = /^\{"retry":-?\d+,"failure":\{/;
const ERRTYPE = /"errtype":"((?:[^"\\]|\\.){0,200})/;
const MESSAGE = /"message":"((?:[^"\\]|\\.){0,200})/;
const RETRY_COUNT = /"retry_count":(\d+)/;

/** Returns the text from a job's failure on, or "" if the job has not failed. */
function failureIn(payload: Payload): string {
  const text = frameOf(payload);
  return FAILURE.test(text) ? text : "";
}
