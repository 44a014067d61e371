import { parseTime } from "./go/time.ts";
import { GoError } from "./go/error.ts";
import type { Payload } from "./payload.ts";
import { readStored } from "./stored_job.ts";

/** The longest time that Go can count in nanoseconds, in seconds. */
const MAX_AGE = 9_223_372_036.854_776;

/**
 * How many seconds ago a job was enqueued.
 *
 * @throws {GoError} of a job that was put back from the schedule: it does not say.
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
