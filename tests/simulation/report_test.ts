import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { markdownOf, MARKER } from "../../scripts/simulate/markdown.ts";
import { mergeReports, reportOf } from "../../scripts/simulate/report.ts";
import type { WorldResult } from "./result.ts";

function world(seed: number, more: Partial<WorldResult> = {}): WorldResult {
  return {
    seed,
    planned: 1000,
    jobs: 1000,
    minutes: 30,
    storage: "disk",
    faults: { "link cut": 2 },
    restarts: {},
    reruns: { "it failed": 3 },
    counts: { runs: 1003 },
    violations: [],
    traceHash: "",
    engine: "deno",
    seconds: 1,
    cpuSeconds: 1,
    ...more,
  };
}

const from = { commit: "abc", perWorld: 1000 };

test("reports add up, and say which seeds they have", () => {
  const violations = [{ rule: "a rule", detail: "job-1", atMs: 1 }];
  const reports = [world(1), world(3), world(2, { storage: "memory", violations })]
    .map((result) => reportOf(result, from));
  const { failures, seeds, storage, ...sum } = mergeReports(reports);
  assert.deepEqual([sum.jobs, sum.worlds, sum.faults, sum.reruns["it failed"]], [
    3000,
    3,
    { "link cut": 6 },
    9,
  ]);
  assert.deepEqual(seeds, [{ from: 1, to: 3, perWorld: 1000 }]);
  assert.deepEqual(storage, { disk: 2, memory: 1 });
  assert.equal(
    failures[0]!.replay,
    "deno task simulate --seed 2 --jobs 1000 --per-world 1000",
  );
  const text = markdownOf(mergeReports(reports));
  for (
    const row of [
      "Seeds of worlds with 1,000 jobs: 1 to 3.",
      "| link cut | 6 |",
      "| abc, deno | 3,000 |",
    ]
  ) {
    assert(text.includes(row), text);
  }
});

test("a failure is repeated with the options that were given", () => {
  const options = { ...from, minutes: 5, storage: "disk" };
  const broken = { ...world(2), violations: [{ rule: "r", detail: "d", atMs: 1 }] };
  assert.equal(
    reportOf(broken, options).failures[0]!.replay,
    "deno task simulate --seed 2 --jobs 1000 --per-world 1000 --minutes 5 --storage disk",
  );
});

test("jobs of a seed are not counted twice", () => {
  const report = reportOf(world(7), from);
  assert.throws(() => mergeReports([report, report]), /both have seed 7/);
});

test("the page of the report shows the published report, and explains every violation", () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const report = markdownOf(JSON.parse(read("scripts/simulate/published.json")));
  const [, page = ""] = read("docs/simulation_report.md").split(MARKER);
  // The formatter breaks lines and aligns tables.
  const words = (text: string) =>
    text.replace(/-{3,}/g, "---").split(/\s+/).filter(Boolean).join(" ");
  assert.equal(words(page), words(report));
  assert(!page.includes("not explained yet"));
});
