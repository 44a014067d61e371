import assert from "node:assert/strict";
import { test } from "node:test";
import { takeDue } from "../../src/server/due.ts";
import { recordFailure, retryDelayMs, truncateFailure } from "../../src/server/failure.ts";
import { GoError } from "../../src/server/go/error.ts";
import { runToEnd } from "../../src/server/slices.ts";
import { SortedSet } from "../../src/server/sorted_set.ts";
import { peekJob, readJob, writeJob } from "../../src/server/stored_job.ts";

test("the delay before a retry grows until it exceeds Go's 64 bits", () => {
  const waits = [[0, 0], [0, 0.999], [1, 0.5], [24, 0], [309, 0]].map(([count, random]) =>
    retryDelayMs(count!, random!) / 1000
  );
  assert.deepEqual(waits, [15, 44, 46, 331_791, 9_116_621_376]);
  assert.equal(Math.round(retryDelayMs(310, 0)), -9_211_534_058_710);
  assert(retryDelayMs(2n ** 62n, 0) === 15_000);
});

test("a failure is truncated, never blank, and counted in its job", () => {
  const failure = truncateFailure({
    jid: "j",
    errtype: "\u00a0",
    message: " m\n",
    backtrace: ["a"],
  });
  assert.deepEqual(failure, { jid: "j", errtype: "unknown", message: "m", backtrace: ["a"] });
  const job = readJob(`{"retry":3,"failure":{"retry_count":9223372036854775806,"remaining":0}}`);
  const { failed_at, retry_count, remaining } = recordFailure(job, failure, "now");
  assert.deepEqual([failed_at, retry_count, remaining], ["", 2n ** 63n - 1n, 0]);
});

test("peekJob reads the same fields as a full parse", () => {
  const jobs = [
    `{"jid":"a\\"b\\u00e9","args":[]}`,
    `{"jid":"x","args":[{"jid":"y","reserve_for":5}],"backtrace":7}`,
    `{"jid":"x","custom":{"jid":"y","]":[1]},"failure":{"message":"jid"},"args":["]"],"reserve_for":-60}`,
    `{"jid":"x","args":["],\\"reserve_for\\":9}"],"reserve_for":1800,"backtrace":1}`,
  ];
  for (const json of jobs) {
    const job = readJob(json);
    const { jid, reserve_for } = peekJob(writeJob(job));
    assert.deepEqual({ jid, reserve_for }, { jid: job.jid, reserve_for: job.reserve_for });
  }
});

test("a due job that cannot be used is lost, and the round then ends early", () => {
  const set = new SortedSet<number>();
  for (let i = 0; i < 250; i++) set.add(i, i);
  const used: number[] = [];
  const use = (value: number) => {
    if (value === 120) throw new GoError("of no use");
    used.push(value);
  };
  assert.equal(runToEnd(takeDue(set, { now: 240, atOnce: 100 }, use)), 199);
  assert.equal(set.size, 50);
  assert.equal(runToEnd(takeDue(set, { now: 240, atOnce: 100 }, use)), 41);
  assert.equal(used.length, 240);
  set.add(0, 500);
  const broken = () => {
    throw new TypeError();
  };
  assert.throws(() => runToEnd(takeDue(set, { now: 0, atOnce: 1 }, broken)), TypeError);
});
