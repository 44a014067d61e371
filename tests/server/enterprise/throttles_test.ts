import assert from "node:assert/strict";
import { it } from "node:test";
import { ConfigError, Consumer, Producer } from "../../../mod.ts";
import { deferred } from "../../../src/internal/deferred.ts";
import { MemoryServer } from "../../../src/testing/mod.ts";

/**
 * Returns the maximum number of jobs of the queue `slow` that ran at once, on all workers and on
 * one.
 */
async function most(throttle: { concurrency?: number; worker?: number }) {
  const edition = "enterprise";
  await using server = await MemoryServer.start({
    ...{ edition, fetchWaitMs: 5, throttles: { slow: { ...throttle, timeout: 60 } } },
  });
  const { url, transport } = server;
  await using producer = await Producer.connect({ url, transport });
  const jobs = Array.from({ length: 24 }, () => ({ type: "x", queue: "slow" }));
  await producer.enqueueMany([...jobs, { type: "y", queue: "fast" }]);
  let [all, mostOfAll, mostOfOne, done] = [0, 0, 0, 0];
  const over = deferred();
  const fast = deferred();
  const consumers = [1, 2].map(() => {
    let own = 0;
    const queues = ["slow", "fast"];
    const consumer = new Consumer({ url, transport, queues, concurrency: 10 });
    consumer.register("x", async () => {
      mostOfAll = Math.max(mostOfAll, ++all);
      mostOfOne = Math.max(mostOfOne, ++own);
      await fast.promise;
      await producer.info();
      all--;
      own--;
      if (++done === jobs.length) over.resolve();
    });
    consumer.register("y", () => fast.resolve());
    return consumer;
  });
  const running = consumers.map((consumer) => consumer.run());
  await over.promise;
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  await Promise.all(running);
  assert.equal(server.snapshot().processed, 25);
  return [mostOfAll, mostOfOne];
}

it("runs only as many jobs of a queue as its throttle allows, on all workers or on each", async () => {
  assert.equal((await most({ concurrency: 3 }))[0], 3);
  const [all, own] = await most({ worker: 2 });
  assert.equal(own, 2);
  assert(all! <= 4);
});

it("refuses invalid throttles, and any on a free server", async () => {
  const faults: [throttles: unknown, text: RegExp][] = [
    [5, /not an object/],
    [{ "a/b": { worker: 1 } }, /not a valid queue name/],
    [{ a: {} }, /exactly one/],
    [{ a: { worker: 1, concurrency: 1 } }, /exactly one/],
    [{ a: { worker: 0 } }, /integer of 1 or more/],
    [{ a: { worker: 1, timeout: "1m" } }, /timeout/],
    [{ a: { workers: 1 } }, /did you mean/],
  ];
  for (const [throttles, text] of faults) {
    await assert.rejects(
      MemoryServer.start({ edition: "enterprise", throttles: throttles as never }),
      (error) => error instanceof ConfigError && text.test(error.message),
      String(text),
    );
  }
  await assert.rejects(MemoryServer.start({ throttles: {} }), /with the edition free/);
});
