import { cutBytes, trimSpace } from "./go/text.ts";
import type { Integer } from "./go/decode.ts";
import type { StoredFailure, StoredJob } from "./stored_job.ts";

const MAX_ERRTYPE_BYTES = 100;
const MAX_MESSAGE_BYTES = 1000;
const MAX_BACKTRACE = 50;

/** The contents of a FAIL. */
export interface Failure {
  readonly jid: string;
  readonly errtype: string;
  readonly message: string;
  readonly backtrace: readonly string[];
}

/** Limits the lengths of a failure's texts, and replaces blank ones. */
export function truncateFailure({ jid, errtype, message, backtrace }: Failure): Failure {
  return {
    jid,
    errtype: cutBytes(trimSpace(errtype), MAX_ERRTYPE_BYTES) || "unknown",
    message: cutBytes(trimSpace(message), MAX_MESSAGE_BYTES) || "unknown",
    backtrace: backtrace.slice(0, MAX_BACKTRACE),
  };
}

/** Records a failure in its job and counts it. Returns the new record. */
export function recordFailure(
  job: StoredJob,
  { errtype, message, backtrace }: Failure,
  now: string,
): StoredFailure {
  const before = job.failure;
  return job.failure = {
    failed_at: before?.failed_at ?? now,
    next_at: before?.next_at ?? "",
    message,
    errtype,
    backtrace: [...backtrace],
    retry_count: before === undefined ? 0 : plus(before.retry_count, 1),
    remaining: before === undefined
      ? job.retry
      : plus(before.remaining, before.remaining > 0 ? -1 : 0),
  };
}

function plus(count: Integer, more: number): Integer {
  return typeof count === "number" ? count + more : BigInt.asIntN(64, count + BigInt(more));
}

/** The largest number of seconds that Go can hold in nanoseconds. */
const MAX_SECONDS = Number(2n ** 63n / 1_000_000_000n);

/**
 * Delay before the next retry of a job that has been retried `count` times. `random` is from 0 to
 * below 1.
 */
export function retryDelayMs(count: Integer, random: number): number {
  const jitter = Math.floor(random * 30);
  const seconds = Number(count) ** 4 + 15 + jitter * (Number(count) + 1);
  if (Math.abs(seconds) < MAX_SECONDS) return seconds * 1000;
  // Go's arithmetic overflows at 64 bits here.
  const exact = BigInt(count) ** 4n + 15n + BigInt(jitter) * (BigInt(count) + 1n);
  return Number(BigInt.asIntN(64, BigInt.asIntN(64, exact) * 1_000_000_000n)) / 1_000_000;
}
