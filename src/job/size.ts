/**
 * Largest job, in bytes of JSON. Producers refuse a larger job, and so does the embedded server.
 * The limit is below the 64 MiB of a consumer's largest reply, because a failure adds up to 1 MiB
 * to a job.
 */
export const MAX_JOB_BYTES: number = 48 * 1024 * 1024;
