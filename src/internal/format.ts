/** Formats a number, rounded: `12,345`. */
export function formatInteger(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** Formats a number with its unit, in the plural unless it is 1. */
export function formatCount(value: number, unit: string): string {
  return `${formatInteger(value)} ${unit}${value === 1 ? "" : "s"}`;
}

/** Formats a duration with its two largest units: `3 h 12 min`. */
export function formatDuration(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}
