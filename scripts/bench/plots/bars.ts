import type { Spread } from "../statistics.ts";
import { whole } from "../../../src/cli/text.ts";
import { element, label, picture, seriesClass } from "./svg.ts";

/** One client's bar. */
export interface Bar extends Spread {
  readonly name: string;
  /** Which colour. */
  readonly series: number;
}

const WIDTH = 720;
const LEFT = 170;
const RIGHT = 110;
const TOP = 62;
const ROW = 28;

/** A bar for each client, as long as its median, and a whisker from the least to the most of all rounds. */
export function barChart(
  { title, unit, bars }: { title: string; unit: string; bars: readonly Bar[] },
): string {
  const most = Math.max(...bars.map(({ max }) => max), Number.MIN_VALUE);
  const x = (value: number) => LEFT + value / most * (WIDTH - LEFT - RIGHT);
  const rows = bars.flatMap(({ name, series, median, min, max }, i) => {
    const top = TOP + i * ROW;
    const middle = top + ROW / 2;
    return [
      label(name, { x: LEFT - 10, y: middle + 4, anchor: "end" }),
      element("rect", {
        class: seriesClass(series),
        x: LEFT,
        y: top + 5,
        width: x(median) - LEFT,
        height: ROW - 10,
        rx: 2,
      }),
      whisker(x(min), x(max), middle),
      label(whole(median), { x: x(Math.max(median, max)) + 8, y: middle + 4 }),
    ];
  });
  return picture(
    { width: WIDTH, height: TOP + bars.length * ROW + 14, title: `${title}: ${unit}` },
    label(title, { x: 16, y: 26, style: "title" }),
    label(`${unit}; bars are medians, whiskers the least and the most`, {
      x: 16,
      y: 45,
      style: "faint",
    }),
    ...rows,
  );
}

function whisker(from: number, to: number, y: number) {
  const line = (x1: number, y1: number, x2: number, y2: number) =>
    element("line", { class: "whisker", x1, y1, x2, y2 });
  return element(
    "g",
    {},
    line(from, y, to, y),
    line(from, y - 4, from, y + 4),
    line(to, y - 4, to, y + 4),
  );
}
