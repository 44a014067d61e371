import { isPlainObject } from "./encode_core.ts";
import { faultOf, givenQueue, Job, type JobInput } from "./job.ts";

/**
 * The job with more in its `custom`; what is wrong with it stays wrong, to be refused where it is
 * encoded.
 */
export function withCustom(job: JobInput, more: Readonly<Record<string, unknown>>): JobInput {
  if (typeof job !== "object" || job === null) return job;
  if (job.custom !== undefined && !isPlainObject(job.custom)) return job;
  const custom = { ...job.custom, ...more };
  if (!(job instanceof Job)) return { ...job, custom };
  // Refused where it is encoded.
  if (faultOf(job) !== undefined) return job;
  const { jid, type, args, retry, at, reserveFor, backtrace, createdAt } = job;
  const queue = givenQueue(job);
  return {
    ...{ jid, type, args, queue, retry, at, reserveFor, backtrace, createdAt, custom },
  };
}
