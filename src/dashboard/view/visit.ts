import type { Inspection, Source } from "../source.ts";
import type { Settings } from "../options.ts";
import type { Rates } from "../rates.ts";

/** The data for a page. */
export interface Visit {
  readonly settings: Settings;
  readonly source: Source;
  /** `undefined` if the server is not an embedded one. */
  readonly inspection: Inspection | undefined;
  readonly rates: Rates;
  /** The request's parameters. */
  readonly query: URLSearchParams;
  /** The time, in milliseconds since 1970. */
  readonly now: number;
}

/** Returns an address of the dashboard. Leaves out parameters without a value. */
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
