import { type EncodedJob, encodeJob } from "./encode.ts";
import type { Job, JobFailure } from "./job.ts";

/**
 * A job that was fetched, as PUSH takes it, to be run again at `at` under its own jid, with what the server knows of its
 * failures: PUSH keeps `failure` as it is given, so that retries go on to be counted.
 *
 * @throws {InvalidJobError} where another client made it as this one would not.
 */
export function encodeAgain(
  job: Job,
  at: Date | undefined,
  failure: JobFailure | undefined = job.failure,
): EncodedJob {
  const { jid, type, args, queue, backtrace, custom, createdAt } = job;
  // Other clients send what this one refuses, and the server has taken it: these mean the same to it.
  const retry = job.retry === undefined ? undefined : Math.max(job.retry, -1);
  const reserveFor = job.reserveFor === undefined ? undefined : reservationOf(job.reserveFor);
  const fields = { jid, type, args, queue, retry, reserveFor, backtrace, custom, createdAt, at };
  const encoded = encodeJob(fields);
  if (failure === undefined) return encoded;
  return { jid, json: `${encoded.json.slice(0, -1)},"failure":${failureText(failure)}}` };
}

/** The server keeps no job reserved for less than a minute, and takes 0 for none given. */
function reservationOf(seconds: number): number | undefined {
  return seconds === 0 ? undefined : Math.max(seconds, 60);
}

function failureText(failure: JobFailure): string {
  return JSON.stringify({
    retry_count: failure.retryCount,
    remaining: failure.remaining,
    failed_at: failure.failedAt?.toISOString(),
    next_at: failure.nextAt?.toISOString(),
    message: failure.message,
    errtype: failure.type,
    backtrace: failure.backtrace,
  });
}
