import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { type Client, clients } from "../../scripts/bench/clients.ts";
import { Counter } from "../../scripts/bench/clients/measure.ts";
import { plotsOf } from "../../scripts/bench/plots.ts";
import { type Result, tablesOf } from "../../scripts/bench/results.ts";
import { quantile, spreadOf } from "../../scripts/bench/statistics.ts";
import { argsOf } from "../../scripts/bench/task.ts";
import { type ServerKind, workloads } from "../../scripts/bench/workloads.ts";

/** A client's rounds, in jobs a second. */
function result(server: ServerKind, workload: string, name: string, ...rates: number[]): Result {
  return {
    server,
    workload: workloads.find((one) => one.name === workload)!,
    client: clientOf(name),
    runs: rates.map((jobs) => ({ jobs, seconds: 1, cpuSeconds: 0.5, peakBytes: 64e6 })),
  };
}

function clientOf(name: string): Client {
  return clients.find((one) => one.name === name)!;
}

it("computes quantiles and spreads", () => {
  assert.deepEqual(spreadOf([30, 10, 20]), { median: 20, min: 10, max: 30 });
  assert.deepEqual(spreadOf([7]), { median: 7, min: 7, max: 7 });
  assert.equal(quantile([1, 2, 3, 10], 0.5), 2.5);
  assert.equal(quantile(Array.from({ length: 101 }, (_, i) => 100 - i), 0.99), 99);
  assert.throws(() => quantile([], 0.5), RangeError);
  fc.assert(fc.property(
    fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 }),
    (values) => {
      const { median, min, max } = spreadOf(values);
      assert.ok(min <= median && median <= max);
    },
  ));
});

it("resolves each promise for a number of jobs once it is reached", async () => {
  const counter = new Counter();
  const reached: string[] = [];
  const all = [3, 1, 2].map((jobs) =>
    counter.reaches(jobs).then(() => reached.push(`${jobs} at ${counter.jobs}`))
  );
  counter.add();
  await all[1];
  counter.add(2);
  await Promise.all(all);
  assert.deepEqual(reached.toSorted(), ["1 at 1", "2 at 3", "3 at 3"]);
  await counter.reaches(3);
});

it("makes arguments of about the given size", () => {
  assert.deepEqual(argsOf(undefined), [1, "two"]);
  const { length } = JSON.stringify(argsOf(10_240));
  assert.ok(length >= 10_240 && length < 10_400, `${length} bytes`);
});

it("compares each client with ours on Node round by round, peers with ours on a real Faktory", () => {
  const text = tablesOf([
    result("real", "enqueue", "node", 100, 300, 200),
    result("real", "enqueue", "npm", 50, 50, 50),
    result("redis", "enqueue", "bullmq", 10, 100, 20),
    result("null", "enqueue", "node", 7000),
  ], [{ ...result("null", "enqueue", "rust"), reason: "there is no cargo here" }]);
  const rows = text.split("\n");
  const row = (title: string) =>
    rows.find((line) => line.includes(` ${title} |`))!.split("|")[5]!.trim();
  assert.equal(row("ours on Node"), "-");
  assert.equal(row("`faktory-worker` 4.7 on Node"), "4.0x (2.0 - 6.0)");
  assert.equal(row("BullMQ 6.7 on Node"), "10x (3.0 - 10)");
  assert.deepEqual(rows.filter((line) => line.startsWith("## ")).length, 3);
  assert.match(text, /\n- the Rust crate `faktory` 0\.13: there is no cargo here$/);
});

it("plots clients of servers that keep their jobs", () => {
  const plots = plotsOf([
    result("real", "enqueue", "node", 100, 300, 200),
    result("redis", "enqueue", "bullmq", 10, 100, 20),
    result("null", "enqueue", "deno", 7000),
  ]);
  assert.deepEqual([...plots.keys()], ["speed.svg", "cpu.svg", "memory.svg"]);
  for (const svg of plots.values()) {
    assert.match(svg, /^<svg [^]*ours on Node[^]*BullMQ[^]*<\/svg>\n$/);
    assert.doesNotMatch(svg, /Deno|NaN|undefined/);
  }
});
