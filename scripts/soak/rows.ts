import type { Sample } from "./samples.ts";

const COLUMNS: readonly (readonly [head: string, cell: (sample: Sample) => string])[] = [
  ["s", ({ seconds }) => seconds.toFixed(0)],
  ["sent", ({ sent }) => `${sent}`],
  ["done", ({ done }) => `${done}`],
  ["under way", ({ underWay }) => `${underWay}`],
  ["heap MB", ({ heapBytes }) => (heapBytes / 1e6).toFixed(1)],
  ["rss MB", ({ rssBytes }) => (rssBytes / 1e6).toFixed(1)],
  ["files", ({ handles }) => `${handles.files ?? "-"}`],
  ["resources", ({ handles }) => `${handles.resources}`],
  ["lag p99 ms", ({ lagMs }) => lagMs.p99.toFixed(1)],
  ["max", ({ lagMs }) => lagMs.max.toFixed(0)],
  ["lost conns", ({ lost }) => `${lost}`],
];

/** What the columns are. */
export const head: string = COLUMNS.map(([name]) => cell(name)).join(" ");

/** A sample as a line of the table: it is printed as it comes, so that the widths are known beforehand. */
export function rowOf(sample: Sample): string {
  return COLUMNS.map(([, show]) => cell(show(sample))).join(" ");
}

function cell(text: string): string {
  return text.padStart(10);
}
