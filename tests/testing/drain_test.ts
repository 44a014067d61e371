import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Consumer, Discard, Kill, RetryAfter, Snooze, StateError } from "../../mod.ts";
import { FakeFaktory } from "../../src/testing/mod.ts";

/** Creates a consumer like a module of a program, for a server that does not exist here. */
function makeConsumer(options = {}) {
  return new Consumer({ url: "tcp://no-such-host.invalid", ...options });
}

describe("drain", () => {
  it("runs the enqueued jobs in order, and the jobs that they enqueue", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = makeConsumer();
    const ran: unknown[] = [];
    consumer.register("list", async (job, { producer }) => {
      ran.push(`list ${job.args}`);
      for (const name of ["a", "b"]) await producer.enqueue("file", [name]);
    });
    consumer.register("file", async (job) => {
      await new Promise((resolve) => setImmediate(resolve));
      ran.push(`file ${job.args}`);
    });
    await faktory.producer.enqueue("list", [1]);
    await faktory.producer.enqueue("list", [2]);
    const runs = await faktory.drain(consumer);
    assert.deepEqual(ran, ["list 1", "list 2", "file a", "file b", "file a", "file b"]);
    assert.deepEqual(runs.map(({ job, outcome }) => `${job.type} ${outcome}`), [
      ...["list done", "list done", "file done", "file done", "file done", "file done"],
    ]);
    assert.equal(faktory.jobs.length, 6);
    assert.equal(faktory.snapshot().processed, 6);
    assert.deepEqual(await faktory.drain(consumer), []);
  });

  it("runs jobs that a handler enqueued without waiting", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = makeConsumer();
    const ran: string[] = [];
    consumer.register("first", (_job, { producer }) => {
      void producer.enqueue("second");
      ran.push("first");
    });
    consumer.register("second", () => void ran.push("second"));
    await faktory.producer.enqueue("first");
    await faktory.drain(consumer);
    assert.deepEqual(ran, ["first", "second"]);
  });

  it("fetches only from the consumer's queues, and respects a pause", async () => {
    await using faktory = await FakeFaktory.start();
    const { producer } = faktory;
    const consumer = makeConsumer({ queues: ["high", "low"] });
    const ran: string[] = [];
    consumer.register("x", (job) => void ran.push(job.queue));
    for (const queue of ["low", "default", "high", "low"]) {
      await producer.enqueue("x", [], { queue });
    }
    await producer.queues.pause("low");
    await faktory.drain(consumer);
    assert.deepEqual(ran, ["high"]);
    await producer.queues.resume("low");
    await faktory.drain(consumer);
    assert.deepEqual(ran, ["high", "low", "low"]);
    assert.deepEqual(faktory.snapshot().queues, { default: 1, high: 0, low: 0 });
  });

  it("uses the consumer's middleware and listeners, and the requested concurrency", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = makeConsumer();
    const logged: string[] = [];
    let running = 0;
    let most = 0;
    consumer.use(async (job, _context, next) => {
      logged.push(`before ${job.args}`);
      await next();
    });
    consumer.on("done", ({ job }) => logged.push(`done ${job.args}`));
    consumer.on("state", ({ state }) => logged.push(state));
    consumer.register("x", async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    });
    for (let i = 0; i < 3; i++) await faktory.producer.enqueue("x", [i]);
    await faktory.drain(consumer);
    assert.deepEqual(logged, ["before 0", "done 0", "before 1", "done 1", "before 2", "done 2"]);
    assert.equal(most, 1);
    for (let i = 0; i < 9; i++) await faktory.producer.enqueue("x", [i]);
    assert.equal((await faktory.drain(consumer, { concurrency: 3 })).length, 9);
    assert.equal(most, 3);
  });

  it("rejects with the error of the first failed job, after all have run", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = makeConsumer();
    const ran: unknown[] = [];
    const errors = [new TypeError("first"), new TypeError("second")];
    consumer.register("x", (job) => {
      ran.push(job.args[0]);
      const error = errors[job.args[0]];
      if (error !== undefined) throw error;
    });
    for (let i = 0; i < 3; i++) await faktory.producer.enqueue("x", [i]);
    await assert.rejects(faktory.drain(consumer), (error) => error === errors[0]);
    assert.deepEqual(ran, [0, 1, 2]);
    assert.equal(faktory.snapshot().retries, 2);
  });

  it("fails a job without a handler", async () => {
    await using faktory = await FakeFaktory.start();
    await faktory.producer.enqueue("x");
    await assert.rejects(faktory.drain(makeConsumer()), (error) => {
      assert(error instanceof StateError);
      assert.equal(error.code, "NOT_REGISTERED");
      return true;
    });
  });

  it("returns outcomes, each with its effect", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = makeConsumer();
    let snoozes = 0;
    consumer.register("discard", () => new Discard("enough"));
    consumer.register("kill", () => Promise.reject(new Kill("enough")));
    consumer.register("retry", () => new RetryAfter(120));
    consumer.register("snooze", () => snoozes++ === 0 ? new Snooze(30) : undefined);
    const types = ["discard", "kill", "retry", "snooze"];
    for (const type of types) await faktory.producer.enqueue(type);
    const runs = await faktory.drain(consumer);
    assert.deepEqual(runs.map(({ outcome }) => outcome), types);
    assert.deepEqual(runs.map(({ error }) => (error as Error).name), [
      ...["Discard", "Kill", "RetryAfter", "Snooze"],
    ]);
    const { dead, scheduled, retries } = faktory.snapshot();
    assert.deepEqual({ dead, scheduled, retries }, { dead: 1, scheduled: 2, retries: 0 });
    // Snoozing a job does not enqueue another.
    assert.equal(faktory.jobs.length, 4);
    faktory.clock.advance(30_000);
    assert.deepEqual((await faktory.drain(consumer)).map(({ outcome }) => outcome), ["done"]);
  });

  it("runs scheduled jobs after the clock was moved to their time", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = makeConsumer();
    let runs = 0;
    consumer.register("remind", () => void runs++);
    await faktory.producer.enqueue("remind", [], { at: new Date(Date.now() + 3_600_000) });
    await faktory.drain(consumer);
    assert.equal(runs, 0);
    faktory.clock.advance(3_601_000);
    await faktory.drain(consumer);
    assert.equal(runs, 1);
  });

  it("retries a failed job after 15 seconds, and so on until it is dead", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = makeConsumer();
    const attempts: number[] = [];
    consumer.register("flaky", (_job, { attempt }) => {
      attempts.push(attempt);
      throw new Error(`failed at attempt ${attempt}`);
    });
    await faktory.producer.enqueue("flaky", [], { retry: 2 });
    await assert.rejects(faktory.drain(consumer), { message: "failed at attempt 1" });
    faktory.clock.advance(14_999);
    assert.deepEqual(await faktory.drain(consumer), []);
    faktory.clock.advance(1);
    const [run] = await faktory.drain(consumer, { allowFailures: true });
    assert.deepEqual([run!.outcome, run!.job.failure!.retryCount], ["failed", 0]);
    faktory.clock.advance(60_000);
    await faktory.drain(consumer, { allowFailures: true });
    assert.deepEqual(attempts, [1, 2, 3]);
    assert.equal(faktory.snapshot().dead, 1);
  });

  it("time limits use its clock", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = makeConsumer();
    consumer.register("slow", async (_job, { signal }) => {
      const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
      faktory.clock.advance(5000);
      await aborted;
      signal.throwIfAborted();
    }, { timeoutMs: 5000 });
    await faktory.producer.enqueue("slow");
    await assert.rejects(faktory.drain(consumer), { code: "TIMED_OUT" });
  });

  it("gives up on queues that never become empty", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = makeConsumer();
    consumer.register("again", (_job, { producer }) => producer.enqueue("again"));
    await faktory.producer.enqueue("again");
    await assert.rejects(faktory.drain(consumer, { maxJobs: 50 }), {
      name: "AssertionError",
      code: "NEVER_EMPTY",
      message: /50 jobs have run and more are left: does a handler enqueue its own job again\?$/,
    });
    assert.equal(faktory.jobs.length, 51);
  });

  it("leaves no timer and no connection", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = makeConsumer();
    consumer.register("x", () => {});
    const before = faktory.clock.pending;
    await faktory.producer.enqueue("x");
    await faktory.drain(consumer);
    assert.equal(faktory.clock.pending, before);
    const { connections, workers, waiting } = faktory.snapshot();
    assert.deepEqual({ connections, workers, waiting }, { connections: 1, workers: 0, waiting: 0 });
  });

  it("explains invalid arguments", async () => {
    await using faktory = await FakeFaktory.start();
    for (const wrong of [undefined, {}, () => {}, faktory.producer]) {
      await assert.rejects(faktory.drain(wrong as never), {
        code: "INVALID_ARGUMENT",
        message: /^Cannot drain the queues as the argument is not a Consumer: got /,
      });
    }
    await assert.rejects(faktory.drain(makeConsumer(), { concurrency: 0 }), {
      code: "INVALID_OPTION",
    });
  });

  it("a separate consumer can run on it, and stops at once", async () => {
    await using faktory = await FakeFaktory.start();
    const consumer = new Consumer({ ...faktory.connection });
    const done = new Promise((resolve) => consumer.register("x", resolve));
    const running = consumer.run();
    await faktory.producer.enqueue("x");
    await done;
    await consumer.stop();
    assert.equal((await running).done, 1);
  });
});
