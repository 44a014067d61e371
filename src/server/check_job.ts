import { parseTime } from "./go/time.ts";
import { GoError } from "./go/error.ts";
import { quote } from "./go/quote.ts";
import { utf8Length } from "./go/text.ts";
import { MAX_RESERVATION } from "./reservation.ts";
import type { StoredJob } from "./stored_job.ts";

/** Minimum length of a jid, in bytes. */
const MIN_JID = 8;

/** Checks a job in the reference server's order. @throws {GoError} if it is invalid. */
export function checkJob({ jid, jobtype, args, reserve_for }: StoredJob): void {
  if (jid.length < MIN_JID && utf8Length(jid) < MIN_JID) {
    throw new GoError("jobs must have a reasonable jid parameter");
  }
  if (jobtype === "") throw new GoError("jobs must have a jobtype parameter");
  if (args === undefined) throw new GoError("jobs must have an args parameter");
  if (reserve_for > MAX_RESERVATION) {
    throw new GoError("jobs cannot be reserved for more than one day");
  }
}

/**
 * Parses a job's `at`. Returns ms since 1970.
 *
 * @throws {GoError} if it is not a time.
 */
export function parseAt(text: string): number {
  try {
    return parseTime(text);
  } catch (error) {
    throw new GoError(`invalid timestamp for 'at': ${quote(text)}: ${(error as Error).message}`);
  }
}
