import { Job } from "./job.ts";

/** Returns a fetched job with other arguments. */
export function withArgs(job: Job, args: unknown[]): Job {
  return new Job(job.type, args, job);
}
