import assert from "node:assert/strict";
import { test } from "node:test";
import { simulateWorld } from "./world.ts";

test("the same seed gives the same trace hash, and another seed another one", async () => {
  const [first, again, other] = [
    await simulateWorld({ seed: 7, jobs: 300 }),
    await simulateWorld({ seed: 7, jobs: 300 }),
    await simulateWorld({ seed: 8, jobs: 300 }),
  ];
  assert.equal(again.traceHash, first.traceHash);
  assert.notEqual(other.traceHash, first.traceHash);
  assert.deepEqual(first.violations, []);
  assert.deepEqual(again.counts, first.counts);
});
