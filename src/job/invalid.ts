import { type FaktoryErrorCode, InvalidJobError } from "../errors.ts";
import { showValue } from "../internal/show.ts";

/** The error for a job that no server would take as it is; `path` is the place of what is wrong. */
export function invalid(
  code: FaktoryErrorCode,
  path: string,
  reason: string,
  cause?: unknown,
): InvalidJobError {
  return new InvalidJobError(code, `Cannot enqueue job as ${reason}`, { path, cause });
}

/** The error for a property that is not `what`. Its value is shown: never that of a payload. */
export function invalidProperty(
  path: string,
  what: string,
  value: unknown,
  code = `INVALID_${path.toUpperCase()}` as FaktoryErrorCode,
): InvalidJobError {
  return invalid(code, path, `its ${path} is not ${what}: got ${showValue(value)}`);
}
