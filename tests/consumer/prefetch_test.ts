import assert from "node:assert/strict";
import { test } from "node:test";
import { Prefetch } from "../../src/consumer/fetch/prefetch.ts";
import { ManualClock } from "../../src/server/mod.ts";

/** Number of waiting jobs and duration of a FETCH at each time. A job is fetched every 10 ms. */
interface PrefetchRun {
  waiting(at: number): number;
  tookMs?(at: number): number;
  readonly ms: number;
}

/**
 * Returns the times at which the server was asked, and the FETCHes that were allowed after each
 * job.
 */
async function watch({ waiting, tookMs = () => 0, ms }: PrefetchRun) {
  const clock = new ManualClock(0);
  const requestedAt: number[] = [];
  const allowed: number[] = [];
  const prefetch = new Prefetch(clock, {
    countWaiting() {
      requestedAt.push(clock.now());
      return Promise.resolve(waiting(clock.now()));
    },
  });
  for (let at = 0; at < ms; at += 10) {
    prefetch.fetched(tookMs(at));
    prefetch.refresh(at, () => {});
    await Promise.resolve();
    await Promise.resolve();
    allowed.push(prefetch.maxInFlight);
    clock.advance(10);
  }
  return { requestedAt, allowed, prefetch };
}

test("while no job waits, the server is asked ten times a second at most", async () => {
  const { requestedAt, prefetch } = await watch({ waiting: () => 0, ms: 2000 });
  assert.deepEqual(requestedAt, Array.from({ length: 20 }, (_, i) => 100 * i));
  assert.equal(prefetch.maxInFlight, 0);
});

test("with a backlog, the server is asked as soon as its answer is out of date", async () => {
  const { requestedAt, prefetch } = await watch({ waiting: (at) => at < 500 ? 0 : 400, ms: 1000 });
  assert.deepEqual(requestedAt, [0, 100, 200, 300, 400, 500, 710, 920]);
  assert(prefetch.maxInFlight > 0);
});

test("a backlog that ends before the next answer allows no FETCH", async () => {
  // 600 jobs in each 210 ms.
  const { allowed } = await watch({ waiting: (at) => Math.max(0, 1500 - 3 * at), ms: 450 });
  assert.equal(allowed[0], 150);
  // 870 are left, 630 fewer than before; then 240.
  assert.deepEqual([allowed[21], allowed[42]], [(870 - 630) / 10, 0]);
});

test("jobs of a paused queue allow nothing until it is resumed", async () => {
  const paused = 100_000;
  // A job arrives now and then, by a FETCH that waits for it. At 1000 ms the queue is resumed.
  const { allowed } = await watch({
    waiting: () => paused,
    tookMs: (at) => at < 1000 ? 900 : 1,
    ms: 2000,
  });
  assert.deepEqual(allowed.slice(0, 100).filter((count) => count > 0), []);
  assert(allowed.at(-1)! > 1000, `${allowed.at(-1)}`);
});
