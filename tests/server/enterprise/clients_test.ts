import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Job, NotUniqueError, Producer, ServerError } from "../../../mod.ts";
import { FaktoryServer, ManualClock } from "../../../src/server/mod.ts";
import { pass } from "../../consumer/setting.ts";

/** Starts an Enterprise server with a producer and a consumer, and one clock for all. */
async function start() {
  const clock = new ManualClock();
  const server = await FaktoryServer.start({ port: 0, clock, edition: "enterprise" });
  const producer = await Producer.connect({ url: server.url });
  producer.on("warning", ({ message }) => assert.fail(message));
  const consumer = new Consumer({ url: server.url, clock, concurrency: 1 });
  consumer.on("warning", ({ message }) => assert.fail(message));
  return {
    clock,
    server,
    producer,
    consumer,
    /** Runs all jobs. */
    run: () => pass(clock, consumer, consumer.runToCompletion()),
    async [Symbol.asyncDispose]() {
      await producer.close();
      await server.close();
    },
  };
}

test("a batch from its first job to its callbacks", async () => {
  await using s = await start();
  const ran: string[] = [];
  s.consumer.register("resize", (job: { args: [string] }) => void ran.push(job.args[0]));
  s.consumer.register("tell", (job: { args: [string] }) => void ran.push(job.args[0]));
  const bid = await s.producer.batches.open({
    description: "thumbnails",
    complete: new Job("tell", ["complete"]),
    success: { type: "tell", args: ["success"] },
  }, async (batch) => {
    await batch.enqueue("resize", ["a.png"]);
    const { enqueued } = await batch.enqueueMany([{ type: "resize", args: ["b.png"] }]);
    assert.equal(enqueued.length, 1);
  });
  assert.deepEqual(await s.producer.batches.status(bid), {
    bid,
    parentBid: undefined,
    description: "thumbnails",
    createdAt: new Date(s.clock.now()),
    total: 2,
    pending: 2,
    failed: 0,
    complete: "waiting",
    success: "waiting",
  });
  await s.run();
  assert.deepEqual(ran, ["a.png", "b.png", "complete", "success"]);
  const { pending, complete, success } = await s.producer.batches.status(bid);
  assert.deepEqual([pending, complete, success], [0, "done", "done"]);
});

test("a handler reopens its batch, and creates one inside it", async () => {
  await using s = await start();
  const ran: string[] = [];
  s.consumer.register("leaf", () => void ran.push("leaf"));
  s.consumer.register("tell", (job: { args: [string] }) => void ran.push(job.args[0]));
  s.consumer.register("split", async (job, { producer }) => {
    ran.push("split");
    const parentBid = job.custom!["bid"] as string;
    await producer.batches.reopen(parentBid, async (batch) => {
      await batch.enqueue("leaf");
      await producer.batches.open(
        { parentBid, success: { type: "tell", args: ["inner"] } },
        async (inner) => void await inner.enqueue("leaf"),
      );
    });
  });
  const bid = await s.producer.batches.open(
    { success: { type: "tell", args: ["outer"] } },
    async (batch) => void await batch.enqueue("split"),
  );
  await s.run();
  assert.deepEqual(ran, ["split", "leaf", "leaf", "inner", "outer"]);
  assert.equal((await s.producer.batches.status(bid)).total, 2);
});

test("an unknown batch is reported", async () => {
  await using s = await start();
  for (
    const call of [
      s.producer.batches.status("b-none"),
      s.producer.batches.reopen("b-none", () => {}),
    ]
  ) {
    await assert.rejects(call, (error) => {
      assert(error instanceof ServerError);
      assert.equal(error.reply, "ERR no such batch b-none");
      return true;
    });
  }
});

test("a handler reports its progress, which others can read", async () => {
  await using s = await start();
  const { tracking } = s.producer;
  s.consumer.register("long", async (job, context) => {
    assert.equal((await tracking.get(job.jid)).state, "working");
    assert.equal(await context.progress(50, "half way"), true);
  });
  const jid = await s.producer.enqueue("long", [], { custom: { track: 1 } });
  assert.equal((await tracking.get(jid)).state, "enqueued");
  await s.run();
  const { state, percent, text, updatedAt } = await tracking.get(jid);
  assert.deepEqual([state, percent, text], ["success", 50, "half way"]);
  assert(updatedAt instanceof Date);
  assert.equal((await tracking.get("nowhere-01")).state, "unknown");
});

test("a handler can extend its reservation", async () => {
  await using s = await start();
  let isOver = false;
  s.consumer.register("long", async (job, { extend, signal }) => {
    assert.equal(await extend(3600), true);
    for (let seconds = 0; seconds < 180; seconds += 5) {
      s.clock.advance(5000);
      // A round trip after the heartbeat makes sure that it has arrived.
      await s.producer.info();
    }
    assert.equal(signal.aborted, false);
    isOver = true;
    assert.equal(job.reserveFor, 60);
  });
  await s.producer.enqueue("long", [], { reserveFor: 60 });
  await s.run();
  assert(isOver);
  const { retries, failures } = s.server.snapshot();
  assert.deepEqual([retries, failures], [0, 0]);
});

test("a job that is not unique is rejected, alone and among many", async () => {
  await using s = await start();
  const job = { type: "sync", args: [1], custom: { unique_for: 60 } };
  await s.producer.enqueue(job);
  await assert.rejects(s.producer.enqueue(job), NotUniqueError);
  const { enqueued, failed } = await s.producer.enqueueMany([job, { ...job, args: [2] }]);
  assert.equal(enqueued.length, 1);
  assert.deepEqual([...failed.values()].map(({ code }) => code), ["NOT_UNIQUE"]);
  s.consumer.register("sync", () => {});
  await s.run();
  await s.producer.enqueue(job);
});

test("an expired job does not run", async () => {
  await using s = await start();
  const ran: unknown[] = [];
  s.consumer.register("report", (job) => void ran.push(job.args[0]));
  await s.producer.enqueue("report", [1], { custom: { expires_in: 60 } });
  await s.producer.enqueue("report", [2], { custom: { expires_in: 3600 } });
  await s.producer.enqueue("report", [3], {
    custom: { expires_at: new Date(s.clock.now() + 60_000).toISOString() },
  });
  s.clock.advance(61_000);
  await s.run();
  assert.deepEqual(ran, [2]);
});
