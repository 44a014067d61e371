import { Job } from "./job.ts";

/** A fetched job with other arguments, and else as it is. */
export function withArgs(job: Job, args: unknown[]): Job {
  return new Job(job.type, args, job);
}
