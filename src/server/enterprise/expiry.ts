import { parseTimestamp } from "../../job/timestamp.ts";
import { GoError } from "../go/error.ts";
import { quote } from "../go/quote.ts";
import { type StoredJob, writeTime } from "../stored_job.ts";

/**
 * Converts a job's `expires_in` (seconds) to `expires_at`, for a job that is due at `from`.
 *
 * Known from the wiki: the two keys, and that an expired job is dropped when it is fetched, not
 * earlier. Guessed: `expires_in` counts from the PUSH, for a scheduled job from its `at`;
 * `expires_at` takes precedence; an invalid time is refused.
 *
 * @throws {GoError} if the time is invalid.
 */
export function setExpiry(job: StoredJob, from: number): void {
  const { custom } = job;
  if (custom === undefined) return;
  const { expires_at, expires_in } = custom;
  if (expires_at !== undefined && expires_at !== null) {
    if (parseTimestamp(expires_at) !== undefined) return;
    throw new GoError(`invalid timestamp for 'expires_at': ${quote(String(expires_at))}`);
  }
  if (expires_in === undefined || expires_in === null) return;
  const at = typeof expires_in === "number" ? from + expires_in * 1000 : NaN;
  // The range of a Date.
  if (!(Math.abs(at) <= 8.64e15)) {
    throw new GoError("invalid expires_in, must be a number of seconds");
  }
  job.custom = { ...custom, expires_at: writeTime(at) };
}

/** Returns true if a job has expired. */
export function isExpired({ custom }: StoredJob, now: number): boolean {
  const text = custom?.["expires_at"];
  if (text === undefined) return false;
  const at = parseTimestamp(text);
  return at !== undefined && now > at.getTime();
}
