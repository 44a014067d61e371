import { parseTime } from "./go/time.ts";
import { GoError } from "./go/error.ts";
import type { Payload } from "./payload.ts";
import { readStored } from "./stored_job.ts";

/** The longest duration that Go can hold in nanoseconds, in seconds. */
const MAX_AGE = 9_223_372_036.854_776;

/**
 * Returns how many seconds ago a job was enqueued.
 *
 * @throws {GoError} for a job that was requeued from the schedule: it has no such time.
 */
export function ageOf(payload: Payload | undefined, now: number): number {
  if (payload === undefined) return 0;
  try {
    const seconds = (now - parseTime(readStored(payload).enqueued_at)) / 1000;
    return Math.min(Math.max(seconds, -MAX_AGE), MAX_AGE);
  } catch (error) {
    throw error instanceof GoError ? new GoError(`QUEUE: ${error.message}`) : error;
  }
}
