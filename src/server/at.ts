import { parseTime } from "./go/time.ts";
import { GoError } from "./go/error.ts";
import { quoted } from "./go/quote.ts";

/**
 * A job's `at`, in milliseconds since 1970.
 *
 * @throws {GoError} where it is no time.
 */
export function parseAt(text: string): number {
  try {
    return parseTime(text);
  } catch (error) {
    throw new GoError(`invalid timestamp for 'at': ${quoted(text)}: ${(error as Error).message}`);
  }
}
