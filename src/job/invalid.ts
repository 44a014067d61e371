import { type FaktoryErrorCode, InvalidJobError } from "../errors.ts";
import { showValue } from "../internal/show.ts";

/** Returns the error for an invalid job. `path` leads to the invalid value. */
export function invalid(
  code: FaktoryErrorCode,
  path: string,
  reason: string,
  cause?: unknown,
): InvalidJobError {
  return new InvalidJobError(code, `Cannot enqueue job as ${reason}`, { path, cause });
}

/**
 * Returns the error for a property that is not `what`. It shows the value, so it must not be used
 * for payloads.
 */
export function invalidProperty(
  path: string,
  what: string,
  value: unknown,
  code = `INVALID_${path.toUpperCase()}` as FaktoryErrorCode,
): InvalidJobError {
  return invalid(code, path, `its ${path} is not ${what}: got ${showValue(value)}`);
}
