import { parseTimestamp } from "../job/timestamp.ts";
import { GoError, quoted } from "./go_json.ts";

/**
 * A job's `at`, in milliseconds since 1970.
 *
 * @throws {GoError} where it is no time.
 */
export function parseAt(text: string): number {
  const date = parseTimestamp(text);
  if (date !== undefined) return date.getTime();
  throw new GoError(
    `invalid timestamp for 'at': ${quoted(text)}: parsing time ${quoted(text)} as ` +
      `"2006-01-02T15:04:05.999999999Z07:00"`,
  );
}
