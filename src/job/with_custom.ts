import { givenQueue, Job, type JobFields, type JobInput, unknownOption } from "./job.ts";

/** The job with more in its `custom`; what is wrong with it stays wrong, to be refused where it is encoded. */
export function withCustom(job: JobInput, more: Readonly<Record<string, unknown>>): JobInput {
  if (typeof job !== "object" || job === null) return job;
  const custom = { ...job.custom, ...more };
  if (!(job instanceof Job)) return { ...job, custom };
  const { jid, type, args, retry, at, reserveFor, backtrace, createdAt } = job;
  const queue = givenQueue(job);
  const fields: JobFields = {
    ...{ jid, type, args, queue, retry, at, reserveFor, backtrace, createdAt, custom },
  };
  const unknown = unknownOption(job);
  // Not by an assignment: that of `__proto__` would make no property.
  return unknown === undefined ? fields : { ...fields, [unknown]: null };
}
