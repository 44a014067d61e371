import type { Spread } from "../statistics.ts";
import { whole } from "../../../src/cli/text.ts";
import { short } from "../tables.ts";
import { element, label, type Markup, picture, seriesClass } from "./svg.ts";

/** One client's line. */
export interface Line {
  readonly name: string;
  /** Which colour. */
  readonly series: number;
  readonly points: readonly (Spread & { readonly x: number })[];
}

const WIDTH = 720;
const HEIGHT = 380;
const [LEFT, RIGHT, TOP, BOTTOM] = [84, 190, 62, 52];

/** How a figure grows: both ways by logarithms, so that what is twice as much is as far everywhere. */
export function lineChart(
  { title, unit, along, lines }: {
    title: string;
    unit: string;
    /** What the x axis is. */
    along: string;
    lines: readonly Line[];
  },
): string {
  const points = lines.flatMap((line) => line.points);
  const xs = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const x = scale(xs, LEFT, WIDTH - RIGHT);
  const ticks = decades(points.flatMap(({ min, max }) => [min, max]));
  const y = scale(ticks, HEIGHT - BOTTOM, TOP);
  return picture(
    { width: WIDTH, height: HEIGHT, title: `${title}: ${unit}` },
    label(title, { x: 16, y: 26, style: "title" }),
    label(`${unit}; both scales are logarithmic`, { x: 16, y: 45, style: "faint" }),
    ...ticks.map((tick) => rule(LEFT, y(tick), WIDTH - RIGHT, y(tick))),
    ...ticks.map((tick) =>
      label(amount(tick), { x: LEFT - 8, y: y(tick) + 4, anchor: "end", style: "faint" })
    ),
    ...xs.map((value) =>
      label(whole(value), {
        x: x(value),
        y: HEIGHT - BOTTOM + 20,
        anchor: "middle",
        style: "faint",
      })
    ),
    label(along, {
      x: (LEFT + WIDTH - RIGHT) / 2,
      y: HEIGHT - 12,
      anchor: "middle",
      style: "faint",
    }),
    ...lines.flatMap((line) => drawn(line, x, y)),
    ...lines.flatMap(({ name, series }, i) => legend(name, series, TOP + 6 + i * 22)),
  );
}

type Scale = (value: number) => number;

function scale(values: readonly number[], from: number, to: number): Scale {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  // Of one value alone, the middle.
  if (!(high > low)) return () => (from + to) / 2;
  return (value) => from + (Math.log(value) - low) / (high - low) * (to - from);
}

/** Powers of ten around the values, with halves and fifths of them where there are few. */
function decades(values: readonly number[]): number[] {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  const steps = high - low <= 2 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = low; power <= Math.max(high, low + 1); power++) {
    for (const step of steps) ticks.push(step * 10 ** power);
  }
  const last = ticks.findIndex((tick) => tick >= Math.max(...values));
  const first = ticks.findLastIndex((tick) => tick <= Math.min(...values));
  return ticks.slice(Math.max(first, 0), Math.max(last, first + 1) + 1);
}

function drawn({ series, points }: Line, x: Scale, y: Scale): Markup[] {
  const path = points.map((point) => `${x(point.x).toFixed(1)},${y(point.median).toFixed(1)}`);
  return [
    element("polyline", { class: `line ${seriesClass(series)}`, points: path.join(" ") }),
    ...points.map((point) =>
      element("circle", {
        class: seriesClass(series),
        cx: x(point.x),
        cy: y(point.median),
        r: 3.5,
      })
    ),
  ];
}

function legend(name: string, series: number, y: number): Markup[] {
  const left = WIDTH - RIGHT + 18;
  return [
    element("rect", { class: seriesClass(series), x: left, y, width: 12, height: 12, rx: 2 }),
    label(name, { x: left + 18, y: y + 10 }),
  ];
}

function rule(x1: number, y1: number, x2: number, y2: number): Markup {
  return element("line", { class: "grid", x1, y1, x2, y2 });
}

function amount(value: number): string {
  return value >= 1 ? whole(value) : short(value);
}
