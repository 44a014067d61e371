import type { JobFields } from "../job/job.ts";

/**
 * What of a job's `custom` only Faktory Enterprise heeds; the free server takes it without a word.
 */
const ENTERPRISE_KEYS = ["unique_for", "unique_until", "expires_at", "expires_in", "track"];

/** The first of the job's options, or of the keys of its `custom`, that only Enterprise heeds. */
export function enterpriseOption(
  { custom, unique, expires }: Pick<JobFields, "custom" | "unique" | "expires">,
): string | undefined {
  if (unique !== undefined) return "unique";
  if (expires !== undefined) return "expires";
  if (custom === undefined || custom === null) return undefined;
  for (const key in custom) if (ENTERPRISE_KEYS.includes(key)) return `custom.${key}`;
  return undefined;
}
