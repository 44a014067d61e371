import assert from "node:assert/strict";
import { mock, test } from "node:test";
import sinon from "sinon";
import { Consumer, Discard, Producer, RetryAfter } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";
import { FakeFaktory, MemoryServer, runJob } from "@faktory-ts/faktory/testing";

async function resize(job, { progress }) {
  const [path, width] = job.args;
  if (!path.endsWith(".png")) throw new Discard("it is not a picture");
  await progress(50);
  return `${path} at ${width}`;
}

test("a handler", async () => {
  const run = await runJob(resize, { type: "resize", args: ["cat.png", 320] });
  assert.equal(run.result, "cat.png at 320");
  const other = await runJob(resize, { type: "resize", args: ["notes.txt", 320] });
  assert.equal(other.outcome, "discard");
});

test("what was enqueued", async () => {
  const faktory = await FakeFaktory.start();
  await faktory.producer.enqueue("resize", ["cat.png", 320]);
  faktory.assertEnqueued("resize", { args: ["cat.png", 320] });
  const [run] = await faktory.drain(new Consumer().register("resize", resize));
  assert.equal(run?.outcome, "done");
  await faktory.close();
});

test("a server", async () => {
  const server = await FaktoryServer.start({ port: 0, password: "hush" });
  const options = { url: server.url, password: "hush" };
  const producer = await Producer.connect(options);
  await producer.enqueue("resize", ["cat.png", 320]);
  const consumer = new Consumer(options).register("resize", resize);
  const isRun = await consumer.runOne();
  assert.equal(isRun, true);
  assert.equal((await producer.info()).totals.processed, 1);
  await producer.close();
  await server.close();
});

test("mocked timers and another year", async () => {
  mock.timers.enable({ now: Date.UTC(2001, 4, 5) });
  const server = await FaktoryServer.start({ port: 0, password: "hush" });
  const options = { url: server.url, password: "hush" };
  const producer = await Producer.connect(options);
  await producer.enqueueMany([{ type: "works" }, { type: "fails" }, { type: "waits" }]);
  const consumer = new Consumer(options).register("works", () => {});
  consumer.register("fails", () => {
    throw new Error("once");
  });
  consumer.register("waits", () => {
    throw new RetryAfter(60);
  });
  await consumer.run({ maxJobs: 3 });
  const { sets } = await producer.info();
  assert.deepEqual([sets.working, sets.retries, sets.scheduled], [0, 1, 1]);
  await producer.close();
  await server.close();

  const faktory = await FakeFaktory.start();
  await faktory.producer.enqueue("works", [], { at: new Date(Date.now() + 60_000) });
  assert.equal(faktory.jobs[0]?.createdAt?.getUTCFullYear(), 2001);
  faktory.clock.advance(61_000);
  const runs = await faktory.drain(consumer);
  assert.equal(runs.length, 1);
  await faktory.producer.enqueue("works");
  await new Consumer(faktory.connection).register("works", () => {}).runOne();
  assert.equal(faktory.snapshot().working, 0);
  await faktory.close();
  mock.timers.reset();
});

test("Sinon's fake timers, process.nextTick included", async () => {
  const clock = sinon.useFakeTimers(new Date("2001-05-05"));
  const server = await MemoryServer.start({ password: "hush" });
  const options = { url: server.url, transport: server.transport };
  const producer = await Producer.connect(options);
  await producer.enqueueMany([{ type: "works" }, { type: "fails" }, { type: "waits" }]);
  const consumer = new Consumer(options).register("works", () => {});
  consumer.register("fails", () => {
    throw new Error("once");
  });
  consumer.register("waits", () => {
    throw new RetryAfter(60);
  });
  await consumer.run({ maxJobs: 3 });
  const { sets } = await producer.info();
  assert.deepEqual([sets.working, sets.retries, sets.scheduled], [0, 1, 1]);
  await producer.close();
  await server.close();

  const faktory = await FakeFaktory.start();
  await faktory.producer.enqueue("works", [], { at: new Date(Date.now() + 60_000) });
  assert.equal(faktory.jobs[0]?.createdAt?.getUTCFullYear(), 2001);
  faktory.clock.advance(61_000);
  const runs = await faktory.drain(consumer);
  assert.equal(runs.length, 1);
  await faktory.producer.enqueue("works");
  await new Consumer(faktory.connection).register("works", () => {}).runOne();
  assert.equal(faktory.snapshot().working, 0);
  await faktory.close();
  clock.runAll(); // what node:test itself put off by process.nextTick
  clock.restore();
});
