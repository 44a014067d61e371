import type { JobCatalogue } from "../job/job_catalogue.ts";
import type { JobFields, JobInput } from "../job/job.ts";
import { isEnterprise, type ServerInfo } from "../protocol/server_info.ts";

/** Keys of `custom` that only Faktory Enterprise uses. The free server accepts and ignores them. */
const ENTERPRISE_KEYS = ["unique_for", "unique_until", "expires_at", "expires_in", "track"];

/** The parts of a producer that an {@linkcode EnterpriseCheck} uses. */
export interface EnterpriseCheckParts {
  readonly catalogue: JobCatalogue | undefined;
  info(): Promise<ServerInfo>;
  warn(code: "ENTERPRISE_ONLY", message: string): void;
}

/**
 * Warns if jobs have Enterprise options and the server is a free one. The server is asked at the
 * first such job.
 */
export class EnterpriseCheck {
  readonly #parts: EnterpriseCheckParts;
  #hasAsked = false;

  constructor(parts: EnterpriseCheckParts) {
    this.#parts = parts;
  }

  check(job: JobInput): void {
    if (this.#hasAsked) return;
    const { catalogue, info, warn } = this.#parts;
    const defaults = catalogue?.defaultsOf(job.type);
    const option = enterpriseOption(job) ?? (defaults && enterpriseOption(defaults));
    if (option === undefined) return;
    this.#hasAsked = true;
    info().then((server) => {
      if (isEnterprise(server)) return;
      warn("ENTERPRISE_ONLY", `The server ignores ${option} as it is not Faktory Enterprise`);
    }, () => {
      // The next such job asks again.
      this.#hasAsked = false;
    });
  }
}

/** Returns the first option or key of `custom` that only Enterprise uses. */
function enterpriseOption(
  { custom, unique, expires }: Pick<JobFields, "custom" | "unique" | "expires">,
): string | undefined {
  if (unique !== undefined) return "unique";
  if (expires !== undefined) return "expires";
  if (custom === undefined || custom === null) return undefined;
  for (const key in custom) if (ENTERPRISE_KEYS.includes(key)) return `custom.${key}`;
  return undefined;
}
