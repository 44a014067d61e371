import type { FaktoryErrorCode } from "../errors.ts";
import { invalidProperty } from "./invalid.ts";

/** Returns a job's date as RFC 3339. */
export function dateText(date: unknown, path: string, code?: FaktoryErrorCode): string {
  // Not `instanceof`, because the date may come from another realm.
  const isDate = Object.prototype.toString.call(date) === "[object Date]" && !isNaN(date as number);
  const text = isDate ? (date as Date).toISOString() : "";
  // Years with more than four digits give longer texts, which are not RFC 3339.
  if (text.length !== 24) {
    throw invalidProperty(path, "a valid Date of the years 0 to 9999", date, code);
  }
  return text;
}
