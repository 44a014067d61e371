import assert from "node:assert/strict";
import { it } from "node:test";
import { barChart } from "../../../scripts/bench/plots/bars.ts";
import { lineChart } from "../../../scripts/bench/plots/lines.ts";
import { plotsOf } from "../../../scripts/bench/plots/plots.ts";
import { result, resultsOf, run } from "./sample.ts";

/** Fails on what is not well-formed: an element that is not closed, a bare `&` or `<`, an attribute that is there twice. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  let at = 0;
  for (const tag of svg.matchAll(/<(\/?)([a-z]+)((?: [a-z0-9-]+="[^"<]*")*)(\/?)>|<|&(?!\w+;)/gi)) {
    const [text, isEnd, name, attributes = "", isEmpty] = tag;
    assert.ok(name !== undefined, `not an element: ${svg.slice(tag.index, tag.index + 40)}`);
    const names = [...attributes.matchAll(/ ([a-z0-9-]+)="/gi)].map((match) => match[1]);
    assert.equal(new Set(names).size, names.length, text);
    if (isEnd) assert.equal(open.pop(), name);
    else if (!isEmpty) open.push(name);
    at = tag.index + text.length;
  }
  assert.deepEqual(open, []);
  assert.equal(svg.slice(at), "\n");
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
}

it("draws bars with whiskers, whatever their names", () => {
  const svg = barChart({
    title: 'a < b & "c"',
    unit: "jobs/s",
    bars: [
      { name: "one & only", series: 0, median: 50, min: 40, max: 100 },
      { name: "nothing", series: 6, median: 0, min: 0, max: 0 },
    ],
  });
  assertWellFormed(svg);
  assert.match(svg, /a &lt; b &amp; &quot;c&quot;/);
  assert.match(svg, /one &amp; only/);
  // Half as long as the room that the most takes.
  const widths = [...svg.matchAll(/class="s\d" .*? width="([\d.]+)"/g)].map((match) => match[1]);
  assert.deepEqual(widths, ["220", "0"]);
  assert.equal(svg.match(/class="whisker"/g)?.length, 6);
});

it("can be read on a light page and on a dark one", () => {
  const svg = barChart({ title: "t", unit: "u", bars: [] });
  assertWellFormed(svg);
  assert.match(svg, /prefers-color-scheme:dark/);
  assert.match(svg, /<rect class="ground"/);
});

it("draws how a figure grows", () => {
  const point = (x: number, value: number) => ({ x, median: value, min: value, max: value });
  const svg = lineChart({
    title: "t",
    unit: "u",
    along: "jobs at once",
    lines: [
      { name: "steep", series: 1, points: [point(1, 10), point(10, 100), point(100, 1000)] },
      { name: "flat", series: 2, points: [point(1, 10), point(100, 10)] },
    ],
  });
  assertWellFormed(svg);
  const [steep, flat] = [...svg.matchAll(/ points="([^"]+)"/g)].map((match) =>
    match[1]!.split(" ").map((pair) => pair.split(",").map(Number))
  );
  assert.equal(flat![0]![1], flat![1]![1]);
  const [first, middle, last] = steep!.map(([x, y]) => [x!, y!] as const);
  assert.ok(Math.abs(middle![0] * 2 - first![0] - last![0]) < 0.3);
  assert.ok(Math.abs(middle![1] * 2 - first![1] - last![1]) < 0.3);
});

it("draws one value as well as many", () => {
  const points = [{ x: 5, median: 3, min: 3, max: 3 }];
  assertWellFormed(
    lineChart({ title: "t", unit: "u", along: "a", lines: [{ name: "n", series: 0, points }] }),
  );
});

it("makes a plot of each workload, and of what grows", () => {
  const latency = { p50Us: 250, p99Us: 1250 };
  const plots = plotsOf(resultsOf(
    result(["null", "stream", "deno"], run(100)),
    result(["null", "consume-1", "deno"], run(100)),
    result(["null", "consume-100", "deno"], run(900), run(700)),
    result(["null", "consume-10k", "deno"], run(5)),
    result(["embedded", "latency", "node"], run(100, { latency })),
  ));
  assert.deepEqual(plots.map(({ name }) => name), [
    ...["null-stream.svg", "null-stream-memory.svg", "null-consume-1.svg", "null-consume-100.svg"],
    ...["null-consume-10k.svg", "null-growth-consume.svg"],
    ...["embedded-latency-p50.svg", "embedded-latency-p99.svg"],
  ]);
  for (const { svg } of plots) assertWellFormed(svg);
});
