/**
 * A duration as text: a number and its unit, such as `"500ms"`, `"90s"`, `"5m"`, `"2h"` or `"1d"`.
 */
export type DurationText = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Returns the milliseconds of a duration's text; `NaN` if it is invalid. */
export function durationMs(text: unknown): number {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)(ms|[smhd])$/.exec(String(text)) ?? [];
  return Number(count) * UNITS[unit]!;
}
