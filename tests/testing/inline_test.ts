import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Consumer, type Job, Kill, Producer, Snooze } from "../../mod.ts";
import { FakeFaktory } from "../../src/testing/mod.ts";

describe("inline", () => {
  it("runs a job before its enqueue resolves, with its arguments converted to JSON once", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = new Consumer();
    const ran: Job[] = [];
    consumer.register("x", async (job) => {
      await new Promise((resolve) => setImmediate(resolve));
      ran.push(job);
    });
    using _inline = faktory.inline(consumer);
    const when = new Date(0);
    const jid = await faktory.producer.enqueue("x", [{ when }]);
    assert.deepEqual(ran.map(({ jid }) => jid), [jid]);
    assert.deepEqual(ran[0]!.args, [{ when: "1970-01-01T00:00:00.000Z" }]);
    faktory.assertEnqueued("x", { times: 1, args: [{ when }] });
    assert.equal(faktory.snapshot().processed, 1);
    const { enqueued } = await faktory.producer.enqueueMany(
      Array.from({ length: 50 }, () => ({ type: "x" })),
    );
    assert.equal(enqueued.length, 50);
    assert.equal(ran.length, 51);
  });

  it("rejects the enqueue with the handler's error", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = new Consumer();
    const error = new TypeError("no such picture");
    consumer.register("x", () => {
      throw error;
    });
    using _inline = faktory.inline(consumer);
    await assert.rejects(faktory.producer.enqueue("x"), (thrown) => thrown === error);
    assert.equal(faktory.snapshot().retries, 1);
    await assert.rejects(faktory.producer.enqueue("y"), { code: "NOT_REGISTERED" });
  });

  it("also runs jobs that handlers enqueue, inside", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = new Consumer();
    const ran: string[] = [];
    consumer.register("outer", async (_job, { producer }) => {
      ran.push("outer begins");
      await producer.enqueue("inner", ["by its context"]);
      await faktory.producer.enqueue("inner", ["by the program's producer"]);
      ran.push("outer ends");
    });
    consumer.register("inner", (job) => void ran.push(`inner ${job.args[0]}`));
    using _inline = faktory.inline(consumer);
    await faktory.producer.enqueue("outer");
    assert.deepEqual(ran, [
      "outer begins",
      "inner by its context",
      "inner by the program's producer",
      "outer ends",
    ]);
  });

  it("does not reject for an outcome, which has its usual effect", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = new Consumer();
    consumer.register("snooze", () => new Snooze(60));
    consumer.register("kill", () => new Kill("enough"));
    using _inline = faktory.inline(consumer);
    await faktory.producer.enqueue("snooze");
    await faktory.producer.enqueue("kill");
    const { scheduled, dead } = faktory.snapshot();
    assert.deepEqual({ scheduled, dead }, { scheduled: 1, dead: 1 });
  });

  it("records scheduled jobs, jobs for other queues, and earlier jobs", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = new Consumer();
    const ran: string[] = [];
    consumer.register("x", (job) => void ran.push(job.args[0]));
    await faktory.producer.enqueue("x", ["before"]);
    {
      using _inline = faktory.inline(consumer);
      await faktory.producer.enqueue("x", ["later"], { at: new Date(Date.now() + 60_000) });
      await faktory.producer.enqueue("x", ["elsewhere"], { queue: "images" });
      await faktory.producer.enqueue("x", ["now"]);
      assert.deepEqual(ran, ["now"]);
    }
    await faktory.producer.enqueue("x", ["after"]);
    assert.deepEqual(ran, ["now"]);
    faktory.clock.advance(61_000);
    await faktory.drain(consumer);
    assert.deepEqual(ran, ["now", "before", "after", "later"]);
    assert.equal(faktory.jobs.length, 5);
  });

  it("includes other producers on request", async () => {
    await using faktory = await FakeFaktory.start();
    await using producer = await Producer.connect({ ...faktory.connection });
    const consumer = new Consumer();
    let runs = 0;
    consumer.register("x", () => void runs++);
    using _inline = faktory.inline(consumer, { producers: [producer] });
    await producer.enqueue("x");
    assert.equal(runs, 1);
  });

  it("gives up on a job that enqueues itself endlessly", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = new Consumer();
    let runs = 0;
    consumer.register("x", () => {
      runs++;
      return faktory.producer.enqueue("x");
    });
    using _inline = faktory.inline(consumer);
    await assert.rejects(faktory.producer.enqueue("x", [], { retry: 0 }), {
      code: "NEVER_EMPTY",
    });
    assert(runs > 100);
  });

  it("explains invalid arguments", async () => {
    await using faktory = await FakeFaktory.start();
    assert.throws(() => faktory.inline({} as never), {
      message:
        "Cannot run jobs as they are enqueued as the argument is not a Consumer: got an object",
    });
    assert.throws(() => faktory.inline(new Consumer(), { producers: [1 as never] }), {
      message: "Cannot run a producer's jobs as it is not a Producer: got 1",
    });
  });
});
