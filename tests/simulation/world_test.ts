import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorldOptions, WorldResult } from "./result.ts";
import { simulateWorld } from "./world.ts";

/**
 * Worlds that differ: Enterprise with workflows, batches and unique jobs (46), the same on disk
 * with an outbox (7), the free edition on disk (16), cancelled jobs (35), and schedules (82). `deno
 * task simulate` makes others.
 */
const WORLDS: readonly WorldOptions[] = [
  { seed: 46, jobs: 2000, storage: "memory" },
  { seed: 7, jobs: 2500, storage: "disk" },
  { seed: 16, jobs: 2500, storage: "disk" },
  { seed: 35, jobs: 2500, storage: "memory" },
  { seed: 82, jobs: 2500, storage: "memory" },
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
