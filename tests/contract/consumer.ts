import assert from "node:assert/strict";
import { it } from "node:test";
import { Consumer, type ConsumerOptions, type Job, JobAbortedError, Producer } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** The guarantees of a consumer. */
export function consumerContract(subject: Subject): void {
  const connect = () => Producer.connect({ url: subject.url });
  const consumerOf = (queues: string[], options: ConsumerOptions = {}) =>
    new Consumer({ url: subject.url, queues, concurrency: 4, ...options });

  it("runs jobs, and reports that they are done", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const before = await producer.info();
    await producer.enqueueMany(
      Array.from({ length: 300 }, (_, i) => ({ type: "add", args: [i, 1], queue })),
    );
    const sums: number[] = [];
    const consumer = consumerOf([queue], { concurrency: 10 });
    consumer.register<[number, number]>("add", async ({ args: [a, b] }, { attempt }) => {
      await Promise.resolve();
      assert.equal(attempt, 1);
      sums.push(a + b);
    });
    const report = await consumer.runToCompletion();
    assert.deepEqual(report, {
      reason: "empty",
      done: 300,
      failed: 0,
      dead: 0,
      dropped: 0,
      unfinished: [],
      unreported: [],
    });
    assert.deepEqual(sums.sort((a, b) => a - b), Array.from({ length: 300 }, (_, i) => i + 1));
    const after = await producer.info();
    assert.equal(after.totals.processed - before.totals.processed, 300);
    assert.equal(after.sets.working, before.sets.working);
    assert.equal(after.queues[queue], 0);
  });

  it("fails a job with its error's type, message and the requested part of its stack", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const before = (await producer.info()).sets.retries;
    const jid = await producer.enqueue("boom", [], { queue, retry: 3, backtrace: 2 });
    const consumer = consumerOf([queue]);
    const seen: Job[] = [];
    consumer.register("boom", (job, { attempt }) => {
      seen.push(job);
      assert.equal(attempt, seen.length);
      if (attempt === 1) throw new RangeError("too far\nby a line");
    });
    let failed: unknown;
    consumer.on("fail", ({ error }) => failed = error);
    assert.equal(await consumer.runOne(), true);
    assert(failed instanceof RangeError);
    assert.equal((await producer.info()).sets.retries, before + 1);
    await producer.sets.retries.requeue({ jids: [jid] });
    assert.equal(await consumer.runOne(), true);
    const { failure } = seen[1]!;
    assert.equal(failure!.type, "RangeError");
    assert.equal(failure!.message, "too far\nby a line");
    assert.equal(failure!.backtrace!.length, 2);
    assert.match(failure!.backtrace![0]!, /consumer\.ts/);
    assert.equal(failure!.retryCount, 0);
    assert.equal(failure!.remaining, 3);
    assert.equal((await producer.info()).sets.retries, before);
  });

  it("fails jobs that throw values other than errors, and jobs without a handler", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const before = (await producer.info()).sets.dead;
    const jids = [
      await producer.enqueue("text", [], { queue, retry: -1 }),
      await producer.enqueue("nobody's", [], { queue, retry: -1 }),
    ];
    const consumer = consumerOf([queue], { concurrency: 1 });
    consumer.register("text", () => {
      throw "just a text";
    });
    const errors: unknown[] = [];
    consumer.on("fail", ({ error }) => errors.push(error));
    const report = await consumer.runToCompletion();
    assert.equal(report.failed, 2);
    assert.equal(errors[0], "just a text");
    assert.match(String(errors[1]), /no handler is registered for its type "nobody's"/);
    assert.equal((await producer.info()).sets.dead, before + 2);
    await producer.sets.dead.discard({ jids });
  });

  it("takes jobs from the first queue that has one", async () => {
    await using producer = await connect();
    const [high, low] = [freshQueue(), freshQueue()];
    for (let i = 0; i < 3; i++) {
      await producer.enqueue("x", [`low ${i}`], { queue: low });
      await producer.enqueue("x", [`high ${i}`], { queue: high });
    }
    const order: unknown[] = [];
    const consumer = consumerOf([high, low], { concurrency: 1 });
    consumer.register("x", (job) => void order.push(job.args[0]));
    await consumer.runToCompletion();
    assert.deepEqual(order, ["high 0", "high 1", "high 2", "low 0", "low 1", "low 2"]);
  });

  it("runs up to its maximum number of jobs at the same time", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    await producer.enqueueMany(Array.from({ length: 40 }, () => ({ type: "x", queue })));
    let running = 0;
    let most = 0;
    const full = deferred<void>();
    const consumer = consumerOf([queue], { concurrency: 8 });
    consumer.register("x", async () => {
      most = Math.max(most, ++running);
      if (running === 8) full.resolve();
      await full.promise;
      running--;
    });
    const report = await consumer.runToCompletion();
    assert.equal(report.done, 40);
    assert.equal(most, 8);
  });

  it("runToCompletion also runs jobs that other jobs enqueue", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    await producer.enqueue("count", [3], { queue });
    const consumer = consumerOf([queue]);
    const counts: number[] = [];
    consumer.register<[number]>("count", async ({ args: [n] }) => {
      counts.push(n);
      if (n > 0) await producer.enqueue("count", [n - 1], { queue });
    });
    await consumer.runToCompletion();
    assert.deepEqual(counts, [3, 2, 1, 0]);
  });

  it("fetches no more jobs after quiet, and finishes the running ones", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const [started, finish] = [deferred<void>(), deferred<void>()];
    await producer.enqueue("slow", [], { queue });
    const consumer = consumerOf([queue], { concurrency: 1 });
    consumer.register("slow", async () => {
      started.resolve();
      await finish.promise;
    });
    const running = consumer.run();
    await started.promise;
    consumer.quiet();
    assert.equal(consumer.state, "quiet");
    await producer.enqueue("slow", [], { queue });
    const done = new Promise((resolve) => consumer.on("done", resolve));
    finish.resolve();
    await done;
    assert.equal(consumer.state, "quiet");
    await consumer.stop();
    assert.deepEqual(await running, {
      reason: "stopped",
      done: 1,
      failed: 0,
      dead: 0,
      dropped: 0,
      unfinished: [],
      unreported: [],
    });
    assert.equal((await producer.info()).queues[queue], 1);
    await producer.queues.remove(queue);
  });

  it("aborts jobs that run too long after a stop, and requeues them", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const before = (await producer.info()).sets;
    const jid = await producer.enqueue("hangs", [], { queue, retry: 5 });
    const started = deferred<AbortSignal>();
    const consumer = consumerOf([queue], { concurrency: 1 });
    consumer.register("hangs", (_job, { signal }) => {
      started.resolve(signal);
      return new Promise(() => {});
    });
    const running = consumer.run();
    const signal = await started.promise;
    await consumer.stop({ graceMs: 50 });
    const { reason, unfinished } = await running;
    assert.equal(reason, "stopped");
    assert.deepEqual(unfinished.map((job) => job.jid), [jid]);
    assert(signal.reason instanceof JobAbortedError);
    assert.equal(signal.reason.code, "STOPPED");
    const after = (await producer.info()).sets;
    assert.equal(after.working, before.working);
    assert.equal(after.retries, before.retries + 1);
    await producer.sets.retries.discard({ jids: [jid] });
  });

  it("waits for running jobs when it is stopped", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    await producer.enqueue("slow", [], { queue });
    const [started, finish] = [deferred<void>(), deferred<void>()];
    const consumer = consumerOf([queue]);
    consumer.register("slow", async () => {
      started.resolve();
      await finish.promise;
    });
    const running = consumer.run();
    await started.promise;
    const stopping = consumer.stop();
    assert.equal(consumer.state, "stopping");
    finish.resolve();
    await stopping;
    assert.equal(consumer.state, "stopped");
    assert.deepEqual(await running, {
      reason: "stopped",
      done: 1,
      failed: 0,
      dead: 0,
      dropped: 0,
      unfinished: [],
      unreported: [],
    });
  });

  it("can run again, but only one run at a time", async () => {
    const consumer = consumerOf([freshQueue()], { concurrency: 1 });
    const first = consumer.runOne();
    await assert.rejects(consumer.run(), { code: "ALREADY_RUNNING" });
    assert.equal(await first, false);
    assert.equal(await consumer.runOne(), false);
  });
}
