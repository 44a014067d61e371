import { parseTime } from "./go/time.ts";
import { GoError } from "./go/error.ts";
import { quoted } from "./go/quote.ts";

/**
 * Parses a job's `at`. Returns ms since 1970.
 *
 * @throws {GoError} if it is not a time.
 */
export function parseAt(text: string): number {
  try {
    return parseTime(text);
  } catch (error) {
    throw new GoError(`invalid timestamp for 'at': ${quoted(text)}: ${(error as Error).message}`);
  }
}
