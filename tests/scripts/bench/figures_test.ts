import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { argsOf } from "../../../scripts/bench/args.ts";
import { Counter } from "../../../scripts/bench/clients/measure.ts";
import { lineOf, verdictsOf } from "../../../scripts/bench/goals.ts";
import { Results } from "../../../scripts/bench/results.ts";
import { growthOf, quantile, spreadOf } from "../../../scripts/bench/statistics.ts";
import { notesOf, rowsOf, tablesOf } from "../../../scripts/bench/tables.ts";
import { result, resultsOf, run } from "./sample.ts";

const EDGE = {
  Producer: { bytes: 30_000, gzippedBytes: 11_000 },
  PasswordlessProducer: { bytes: 28_000, gzippedBytes: 11_000 },
};

it("finds the middle, the ends and what is between them", () => {
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

it("sees growth from the second quarter to the last, not what the first took", () => {
  assert.equal(growthOf([1, 1, 100, 100, 100, 100, 110, 110]), 110 / 100 - 1);
  assert.equal(growthOf([10, 100, 100, 100]), 0);
  assert.throws(() => growthOf([1, 2, 3]), RangeError);
});

it("tells each that waits for a number of jobs once it is reached", async () => {
  const counter = new Counter();
  const told: string[] = [];
  const all = [3, 1, 2].map((jobs) =>
    counter.reaches(jobs).then(() => told.push(`${jobs} at ${counter.jobs}`))
  );
  counter.add();
  await all[1];
  counter.add(2);
  await Promise.all(all);
  assert.deepEqual(told.toSorted(), ["1 at 1", "2 at 3", "3 at 3"]);
  await counter.reaches(3);
});

it("makes arguments of about the size that is asked for", () => {
  assert.deepEqual(argsOf(undefined), [1, "two"]);
  const { length } = JSON.stringify(argsOf(10_240));
  assert.ok(length >= 10_240 && length < 10_400, `${length} bytes`);
});

it("makes a row of each client, those that cannot do it as dashes in their place", () => {
  const { server, workload, client } = result(["null", "enqueue", "npm"]);
  const results = new Results(
    [
      result(["null", "enqueue", "deno"], run(3_000_000), run(1_000_000), run(2_000_000)),
      result(["null", "enqueue", "floor-node"], run(4_000_000)),
    ],
    [{ server, workload, client, reason: "not here" }],
  );
  assert.deepEqual(rowsOf(results, "null", false), [
    [
      ...["enqueue, 100 at once", "ours on Deno", "2,000,000", "1,000,000 - 3,000,000", "-"],
      ...["0.25", "64", "-", "-"],
    ],
    ["", "faktory-worker on Node", "-", "-", "-", "-", "-", "-", "-"],
    [
      ...["", "bare socket on Node", "4,000,000", "4,000,000 - 4,000,000", "-"],
      ...["0.13", "64", "-", "-"],
    ],
  ]);
  assert.deepEqual(rowsOf(results, "null", true), []);
  assert.deepEqual(notesOf(results.omissions), ["- faktory-worker on Node: not here (enqueue)"]);
});

it("compares with the npm client, and shows latencies in a table of their own", () => {
  const latency = { p50Us: 250, p99Us: 1250 };
  const text = tablesOf(resultsOf(
    result(["null", "enqueue", "node"], run(500, { server: { connections: 2, busy: 0.5 } })),
    result(["null", "enqueue", "npm"], run(40)),
    result(["embedded", "latency", "node"], run(100, { latency })),
  ));
  const [rates = "", latencies = ""] = text.split("\n\n");
  assert.match(rates, /ours on Node .* 500 .* 12\.5 .* 2  +50 %/);
  assert.match(latencies, /embedded server:[^]*ours on Node .* 250 .* 1,250 /);
});

it("holds each runtime to the goals", () => {
  const results = resultsOf(
    result(["null", "enqueue", "deno"], run(2100)),
    result(["null", "enqueue", "node"], run(1900)),
    result(["null", "enqueue", "npm"], run(100)),
    result(["null", "enqueue", "floor-node"], run(3000)),
    result(["null", "consume-1000", "bun"], run(1, { server: { connections: 8, busy: 0 } })),
  );
  const lines = verdictsOf(results, EDGE).map(lineOf);
  const line = (text: string) => lines.find((each) => each.includes(text));
  assert.equal(
    line("enqueue, 100 at once: 20 times"),
    "NOT reached   enqueue, 100 at once: 20 times the npm client: deno 21.0x, node 19.0x",
  );
  assert.match(line("enqueue, 100 at once: 60 %")!, /^reached .*: deno 70 %, node 63 %$/);
  assert.match(line("10 connections")!, /^reached .*: bun 8$/);
  assert.match(line("enqueueMany")!, /^not measured /);
  assert.match(line("Producer of ./edge: 12,288")!, /^reached .* 11,000 bytes$/);
  assert.match(line("PasswordlessProducer of ./edge")!, /^NOT reached .* 11,000 bytes$/);
});
