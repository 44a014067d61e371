import assert from "node:assert/strict";
import { it } from "node:test";
import { verdictsOf } from "../../../scripts/bench/goals.ts";
import { pageOf } from "../../../scripts/bench/page.ts";
import { plotsOf } from "../../../scripts/bench/plots/plots.ts";
import { Results } from "../../../scripts/bench/results.ts";
import { result, run } from "./sample.ts";

const MACHINE = {
  ...{ date: "2026-01-02", commit: "abc", system: "linux", cpu: "a CPU", cores: 2, memoryMb: 4096 },
  versions: { deno: "2.0.0", rustc: "" },
};

it("makes one page of tables, plots and goals", () => {
  const latency = { p50Us: 250, p99Us: 1250 };
  const omission = { ...result(["null", "enqueue", "rust"]), reason: "neither | nor" };
  const results = new Results([
    result(["null", "enqueue", "node"], run(1500)),
    result(["null", "enqueue", "npm"], run(100)),
    result(["embedded", "latency-lone", "node"], run(100, { latency })),
  ], [omission]);
  const size = { bytes: 2, gzippedBytes: 1 };
  const verdicts = verdictsOf(results, { Producer: size, PasswordlessProducer: size });
  const plots = plotsOf(results);
  const page = pageOf({ results, machine: MACHINE, verdicts, plots });
  assert.match(page, /^# Figures\n/);
  assert.match(
    page,
    /\n2026-01-02, commit abc, 2 x a CPU, 4096 MB of memory, linux, deno 2.0.0\.\n/,
  );
  const lines = page.split("\n");
  assert.deepEqual(lines.filter((line) => line.startsWith("## ")), [
    "## Against a server that does nothing",
    "## Against the embedded server",
    "## Goals",
  ]);
  const row =
    "| enqueue, 100 at once | ours on Node | 1,500 | 1,500 - 1,500 | 15.0 | 333 | 64 | - | - |";
  assert.ok(lines.includes(row), page);
  assert.match(page, /\| ours on Node \| 250 \| 250 - 250 \| 1,250 \|/);
  assert.match(page, /\n- the Rust crate: neither \| nor \(enqueue\)\n/);
  assert.match(
    page,
    /\| enqueue, 100 at once: 20 times the npm client \| \*\*not reached\*\* \| node 15\.0x \|/,
  );
  assert.match(page, /\| Producer of \.\/edge: .* \| reached \| 1 bytes \|/);
  // Each table's rows have as many cells as its head, and each plot is shown where it belongs.
  let cells = 0;
  for (const line of lines) {
    const here = line.startsWith("|") ? line.split("|").length : 0;
    if (cells > 0 && here > 0) assert.equal(here, cells, line);
    cells = here;
  }
  for (const { name } of plots) assert.equal(page.split(`](${name})`).length, 2, name);
  assert.ok(
    page.indexOf("(embedded-latency-lone-p50.svg)") > page.indexOf("## Against the embedded"),
  );
});
