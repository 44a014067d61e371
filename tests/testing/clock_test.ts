import assert from "node:assert/strict";
import { it } from "node:test";
import { Consumer, Producer } from "../../mod.ts";
import { FakeFaktory, ManualClock, MemoryServer, runJob } from "../../src/testing/mod.ts";

const times = { "long past": Date.UTC(1999, 11, 31), "far off": Date.UTC(2060, 5, 1) };

for (const [name, time] of Object.entries(times)) {
  it(`reports every job and keeps failed ones, with a clock in the ${name}`, async () => {
    await using faktory = await FakeFaktory.start({ clock: new ManualClock(time) });
    const attempts: number[] = [];
    const consumer = new Consumer();
    consumer.register("works", () => {});
    consumer.register("fails", (_job, { attempt }) => {
      attempts.push(attempt);
      if (attempt === 1) throw new Error("once");
    });
    await faktory.producer.enqueueMany([{ type: "works" }, { type: "fails" }]);
    await faktory.drain(consumer, { allowFailures: true });
    const { working, retries, processed } = faktory.snapshot();
    assert.deepEqual([working, retries, processed], [0, 1, 2]);
    faktory.clock.advance(16_000);
    await faktory.drain(consumer);
    assert.deepEqual(attempts, [1, 2]);
    assert.equal(faktory.snapshot().processed, 3);
  });

  it(`runs a consumer on the fake's connection, with a clock in the ${name}`, async () => {
    await using faktory = await FakeFaktory.start({ clock: new ManualClock(time) });
    await faktory.producer.enqueue("works");
    const consumer = new Consumer(faktory.connection).register("works", () => {});
    await consumer.run({ maxJobs: 1 });
    assert.deepEqual([faktory.snapshot().working, faktory.snapshot().processed], [0, 1]);
  });

  it(`runs inline and through drain, with a clock in the ${name}`, async () => {
    const clock = new ManualClock(time);
    await using faktory = await FakeFaktory.start({ clock });
    const consumer = new Consumer().register("works", () => {});
    {
      using _inline = faktory.inline(consumer);
      await faktory.producer.enqueue("works");
    }
    assert.equal(faktory.snapshot().working, 0);
    const { job } = await runJob(consumer, { type: "works" }, { clock, attempt: 2 });
    assert.equal(job.failure?.failedAt?.getTime(), time);
  });

  it(`a server in memory snoozes jobs, with a clock in the ${name}`, async () => {
    const clock = new ManualClock(time);
    await using server = await MemoryServer.start({ clock });
    const { url, transport } = server;
    await using producer = await Producer.connect({ url, transport });
    await producer.enqueue("works", [], { at: new Date(time + 60_000) });
    const consumer = new Consumer({ url, transport }).register("works", () => {});
    assert.equal(server.snapshot().scheduled, 1);
    clock.advance(61_000 + 4000);
    await consumer.run({ maxJobs: 1 });
    assert.equal(server.snapshot().processed, 1);
  });
}

it("a handler can move the clock past a command's time limit", async () => {
  await using faktory = await FakeFaktory.start();
  const consumer = new Consumer();
  consumer.register("slow", async (_job, { producer }) => {
    faktory.clock.advance(20 * 60_000);
    await producer.enqueue("next");
  });
  consumer.register("next", () => {});
  await faktory.producer.enqueue("slow");
  const runs = await faktory.drain(consumer);
  assert.deepEqual(runs.map(({ outcome }) => outcome), ["done", "done"]);
  assert.equal(faktory.snapshot().working, 0);
});
