import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorldOptions, WorldResult } from "./result.ts";
import { simulateWorld } from "./world.ts";

/**
 * Worlds that differ: on disk and in memory, with workflows and schedules (26), with more faults
 * than jobs (16). `deno task simulate` makes others.
 */
const WORLDS: readonly WorldOptions[] = [
  { seed: 26, jobs: 3000, storage: "disk" },
  { seed: 7, jobs: 3000, storage: "disk" },
  { seed: 16, jobs: 3000, storage: "disk" },
  { seed: 1, jobs: 3000, storage: "memory" },
  { seed: 11, jobs: 3000, storage: "memory" },
];

const total: Record<string, number> = {};

for (const options of WORLDS) {
  test(`a world of faults, seed ${options.seed}: no job is lost, and none runs again but for a reason`, async () => {
    const result = await simulateWorld(options);
    assert.deepEqual(result.violations, [], replay(result));
    const { faults, restarts, reruns } = result;
    for (const [name, count] of Object.entries({ ...faults, ...restarts, ...reruns })) {
      total[name] = (total[name] ?? 0) + count;
    }
  });
}

test("faults of every kind have struck", () => {
  console.log(total);
  assert(Object.keys(total).length >= 40, "too tame a test");
});

test("the same seed gives the same trace hash, and another seed another one", async () => {
  const options = { jobs: 200, minutes: 1, storage: "disk" } as const;
  const first = await simulateWorld({ ...options, seed: 7 });
  const again = await simulateWorld({ ...options, seed: 7 });
  const other = await simulateWorld({ ...options, seed: 8 });
  assert.equal(again.traceHash, first.traceHash);
  assert.deepEqual(again.counts, first.counts);
  assert.notEqual(other.traceHash, first.traceHash);
});

function replay({ seed, planned, storage }: WorldResult): string {
  const jobs = `--jobs ${planned} --per-world ${planned}`;
  return `deno task simulate --seed ${seed} ${jobs} --storage ${storage}`;
}
