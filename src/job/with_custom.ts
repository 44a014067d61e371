import { isPlainObject } from "./encode_core.ts";
import { explicitQueueOf, faultOf, Job, type JobInput } from "./job.ts";

/**
 * Returns the job with more keys in its `custom`. Does not throw: an invalid job is returned as it
 * is, and encoding it reports the fault.
 */
export function withCustom(job: JobInput, more: Readonly<Record<string, unknown>>): JobInput {
  if (typeof job !== "object" || job === null) return job;
  if (job.custom !== undefined && !isPlainObject(job.custom)) return job;
  const custom = { ...job.custom, ...more };
  if (!(job instanceof Job)) return { ...job, custom };
  // Encoding reports the fault.
  if (faultOf(job) !== undefined) return job;
  const { jid, type, args, retry, at, reserveFor, backtrace, createdAt } = job;
  const queue = explicitQueueOf(job);
  return {
    ...{ jid, type, args, queue, retry, at, reserveFor, backtrace, createdAt, custom },
  };
}
