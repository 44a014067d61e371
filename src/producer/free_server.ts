import type { JobFields } from "../job/job.ts";

/** Keys of `custom` that only Faktory Enterprise uses. The free server accepts and ignores them. */
const ENTERPRISE_KEYS = ["unique_for", "unique_until", "expires_at", "expires_in", "track"];

/** Returns the first option or key of `custom` that only Enterprise uses. */
export function enterpriseOption(
  { custom, unique, expires }: Pick<JobFields, "custom" | "unique" | "expires">,
): string | undefined {
  if (unique !== undefined) return "unique";
  if (expires !== undefined) return "expires";
  if (custom === undefined || custom === null) return undefined;
  for (const key in custom) if (ENTERPRISE_KEYS.includes(key)) return `custom.${key}`;
  return undefined;
}
