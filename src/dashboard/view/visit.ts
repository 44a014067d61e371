import type { Inspection, Source } from "../source.ts";
import type { Settings } from "../options.ts";
import type { Rates } from "../rates.ts";

/** What a page is made of. */
export interface Visit {
  readonly settings: Settings;
  readonly source: Source;
  /** What an embedded server can be asked for; `undefined` of others. */
  readonly inspection: Inspection | undefined;
  readonly rates: Rates;
  /** The request's parameters. */
  readonly query: URLSearchParams;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** An address of the dashboard: parameters without a value are left out. */
export function link(
  { settings: { base } }: Pick<Visit, "settings">,
  path: string,
  parameters: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return `${base}${path}${text === "" ? "" : `?${text}`}`;
}
