import type { HistoryPoint } from "../../inspect/types.ts";
import { type Html, html } from "./html.ts";
import { formatCount, formatInteger } from "./text.ts";

const WIDTH = 720;
const HEIGHT = 140;

/** Maximum number of points drawn. Neighbouring points are added up. */
const MAX_DRAWN = 180;

const SERIES = [["processed", "Processed"], ["failed", "Failed"], [
  "enqueued",
  "Enqueued",
]] as const;

/** Renders a line for each count as SVG, with the sums in its description. */
export function chart(points: readonly HistoryPoint[], label: string): Html {
  const merged = merge(points);
  const max = Math.max(
    1,
    ...merged.flatMap(({ processed, failed, enqueued }) => Math.max(processed, failed, enqueued)),
  );
  const sums = SERIES.map(([name, title]) => ({
    name,
    title,
    sum: points.reduce((sum, point) => sum + point[name], 0),
  }));
  const described = sums.map(({ title, sum }) =>
    `${title.toLowerCase()} ${formatCount(sum, "job")}`
  );
  return html`<figure class="chart">
  <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"
    aria-label="${`${label}: ${described.join(", ")}`}">
    ${
    SERIES.map(([name]) =>
      html`<polyline class="line ${name}" points="${line(merged, name, max)}" />`
    )
  }
  </svg>
  <figcaption>
    <span class="most">up to ${formatInteger(max)} in ${stepOf(merged)}</span>
    ${
    sums.map(({ name, title, sum }) =>
      html`<span class="key ${name}">${title} ${formatInteger(sum)}</span>`
    )
  }
  </figcaption>
</figure>`;
}

/**
 * Adds up neighbouring points. Leaves out the last point, whose interval is not over: the line
 * would seem to fall. Groups start at multiples of their length, so that the line does not change
 * its shape with each new point; incomplete groups at both ends are left out too.
 */
export function merge(points: readonly HistoryPoint[]): HistoryPoint[] {
  const size = Math.ceil(points.length / MAX_DRAWN);
  const [first, second] = points;
  if (first === undefined || second === undefined) return [];
  const stepMs = second.at.getTime() - first.at.getTime();
  const merged: HistoryPoint[] = [];
  const start = (size - Math.round(first.at.getTime() / stepMs) % size) % size;
  for (let i = start; i + size <= points.length - 1; i += size) {
    const part = points.slice(i, i + size);
    const sum = (name: "enqueued" | "processed" | "failed") =>
      part.reduce((all, point) => all + point[name], 0);
    merged.push({
      at: part[0]!.at,
      ...{ enqueued: sum("enqueued"), processed: sum("processed"), failed: sum("failed") },
    });
  }
  return merged;
}

function stepOf([first, second]: readonly HistoryPoint[]): string {
  if (first === undefined || second === undefined) return "all";
  const seconds = (second.at.getTime() - first.at.getTime()) / 1000;
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function line(
  points: readonly HistoryPoint[],
  name: "enqueued" | "processed" | "failed",
  max: number,
): string {
  const last = Math.max(1, points.length - 1);
  // The inner points of a flat stretch add nothing.
  const isFlat = (i: number) =>
    points[i - 1]?.[name] === points[i]![name] && points[i + 1]?.[name] === points[i]![name];
  return points.flatMap((point, i) => {
    if (isFlat(i)) return [];
    const x = (i / last) * WIDTH;
    const y = HEIGHT - 2 - (point[name] / max) * (HEIGHT - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  }).join(" ");
}
