import assert from "node:assert/strict";
import { test } from "node:test";
import { Backlog } from "../../src/consumer/backlog.ts";
import { ManualClock } from "../../src/server/mod.ts";

/** A backlog that is asked each 10 ms for a while, and when the server was asked for it. */
async function watch(waiting: (at: number) => number, ms: number) {
  const clock = new ManualClock(0);
  const asked: number[] = [];
  const backlog = new Backlog(clock, () => {
    asked.push(clock.now());
    return Promise.resolve(waiting(clock.now()));
  });
  for (let at = 0; at < ms; at += 10) {
    backlog.fetched();
    backlog.refresh(() => {});
    await Promise.resolve();
    await Promise.resolve();
    clock.advance(10);
  }
  return { asked, backlog };
}

test("while nothing waits the server is asked less and less often, three times a second in the end", async () => {
  const { asked, backlog } = await watch(() => 0, 2000);
  assert.deepEqual(asked, [0, 40, 120, 280, 600, 920, 1240, 1560, 1880]);
  assert.equal(backlog.allowance, 0);
});

test("once there is a backlog it is asked as soon as its answer has lost its worth", async () => {
  const { asked, backlog } = await watch((at) => at < 500 ? 0 : 400, 1000);
  assert.deepEqual(asked, [0, 40, 120, 280, 600, 810]);
  assert(backlog.allowance > 0);
});
