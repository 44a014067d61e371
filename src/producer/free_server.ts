import type { JobInput } from "../job/job.ts";
import type { ServerInfo } from "../protocol/server_info.ts";

/** What of a job's `custom` only Faktory Enterprise heeds; the free server takes it without a word. */
const ENTERPRISE_KEYS = ["unique_for", "unique_until", "expires_at", "expires_in", "track"];

/** The first key of the job's `custom` that only Enterprise heeds. */
export function enterpriseKey({ custom }: Pick<JobInput, "custom">): string | undefined {
  if (custom === undefined || custom === null) return undefined;
  for (const key in custom) if (ENTERPRISE_KEYS.includes(key)) return key;
  return undefined;
}

/** Whether the server is Faktory Enterprise. */
export function isEnterprise({ server }: ServerInfo): boolean {
  return /enterprise/i.test(server.description);
}
