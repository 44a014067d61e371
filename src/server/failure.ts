import { cutBytes, trimSpace } from "./go/text.ts";
import type { Integer } from "./go/decode.ts";
import type { StoredFailure, StoredJob } from "./stored_job.ts";

const MAX_ERRTYPE_BYTES = 100;
const MAX_MESSAGE_BYTES = 1000;
const MAX_BACKTRACE = 50;

/** What FAIL says. */
export interface Failure {
  readonly jid: string;
  readonly errtype: string;
  readonly message: string;
  readonly backtrace: readonly string[];
}

/** What is kept of a failure: cut, and never blank. */
export function truncateFailure({ jid, errtype, message, backtrace }: Failure): Failure {
  return {
    jid,
    errtype: cutBytes(trimSpace(errtype), MAX_ERRTYPE_BYTES) || "unknown",
    message: cutBytes(trimSpace(message), MAX_MESSAGE_BYTES) || "unknown",
    backtrace: backtrace.slice(0, MAX_BACKTRACE),
  };
}

/** Writes a failure into its job, and counts it; gives what stands there now. */
export function noteFailure(
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

/** The seconds whose nanoseconds Go can count. */
const MAX_SECONDS = Number(2n ** 63n / 1_000_000_000n);

/** How long a job waits for its next try after `count` others; `random` is from 0 to below 1. */
export function retryDelayMs(count: Integer, random: number): number {
  const jitter = Math.floor(random * 30);
  const seconds = Number(count) ** 4 + 15 + jitter * (Number(count) + 1);
  if (Math.abs(seconds) < MAX_SECONDS) return seconds * 1000;
  // Go goes on with what is left of it in 64 bits.
  const exact = BigInt(count) ** 4n + 15n + BigInt(jitter) * (BigInt(count) + 1n);
  return Number(BigInt.asIntN(64, BigInt.asIntN(64, exact) * 1_000_000_000n)) / 1_000_000;
}
