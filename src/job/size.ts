/**
 * The largest job, in bytes of its JSON, on both sides: producers refuse a larger one before they
 * send it, and the embedded server does not take it. A consumer takes replies of 64 MiB at most,
 * and a failure adds up to a mebibyte to a job.
 */
export const MAX_JOB_BYTES: number = 48 * 1024 * 1024;
