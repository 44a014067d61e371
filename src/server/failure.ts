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

/** What is kept of a failure. */
export function cleanse({ jid, errtype, message, backtrace }: Failure): Failure {
  return {
    jid,
    errtype: cutBytes(errtype.trim(), MAX_ERRTYPE_BYTES) || "unknown",
    message: cutBytes(message.trim(), MAX_MESSAGE_BYTES) || "unknown",
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
    retry_count: before === undefined ? 0 : before.retry_count + 1,
    remaining: before === undefined ? job.retry : Math.max(before.remaining - 1, 0),
  };
}

/** The first `max` bytes; a character cut in two becomes U+FFFD, as where Go writes it. */
function cutBytes(text: string, max: number): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= max ? text : new TextDecoder().decode(bytes.subarray(0, max));
}
