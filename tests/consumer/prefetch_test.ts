import assert from "node:assert/strict";
import { test } from "node:test";
import { Prefetch } from "../../src/consumer/fetch/prefetch.ts";
import { ManualClock } from "../../src/server/mod.ts";

/** A prefetch that is asked each 10 ms for a while, and when the server was asked for it. */
async function watch(waiting: (at: number) => number, ms: number) {
  const clock = new ManualClock(0);
  const asked: number[] = [];
  const prefetch = new Prefetch(clock, {
    countWaiting() {
      asked.push(clock.now());
      return Promise.resolve(waiting(clock.now()));
    },
  });
  for (let at = 0; at < ms; at += 10) {
    prefetch.fetched();
    prefetch.refresh(() => {});
    await Promise.resolve();
    await Promise.resolve();
    clock.advance(10);
  }
  return { asked, prefetch };
}

test("while nothing waits the server is asked less and less often, three times a second in the end", async () => {
  const { asked, prefetch } = await watch(() => 0, 2000);
  assert.deepEqual(asked, [0, 40, 120, 280, 600, 920, 1240, 1560, 1880]);
  assert.equal(prefetch.maxInFlight, 0);
});

test("once there is a backlog it is asked as soon as its answer has lost its worth", async () => {
  const { asked, prefetch } = await watch((at) => at < 500 ? 0 : 400, 1000);
  assert.deepEqual(asked, [0, 40, 120, 280, 600, 810]);
  assert(prefetch.maxInFlight > 0);
});
