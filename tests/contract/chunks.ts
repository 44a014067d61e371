import assert from "node:assert/strict";
import { it } from "node:test";
import { Consumer, Discard, type ManyHandler, Producer, Snooze } from "../../mod.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** Enqueues jobs on a new queue, and creates a consumer that runs them in chunks. */
async function setUp(subject: Subject, count: number, handler: ManyHandler, size = 5) {
  const producer = await Producer.connect({ url: subject.url });
  const queue = freshQueue();
  const jobs = Array.from({ length: count }, (_, i) => ({ type: "index", args: [i], queue }));
  await producer.enqueueMany(jobs);
  const before = (await producer.info()).sets;
  const consumer = new Consumer({ url: subject.url, queues: [queue], concurrency: 10 });
  const chunks: number[][] = [];
  consumer.registerMany<[number]>("index", { size, waitMs: 50 }, (jobs, context) => {
    chunks.push(jobs.map(({ args: [number] }) => number));
    return handler(jobs, context);
  });
  return {
    consumer,
    chunks,
    async growth() {
      const { sets } = await producer.info();
      return {
        retries: sets.retries - before.retries,
        scheduled: sets.scheduled - before.scheduled,
        working: sets.working - before.working,
      };
    },
    async [Symbol.asyncDispose]() {
      await producer.sets.retries.discard({ type: "index" });
      await producer.sets.scheduled.discard({ type: "index" });
      await producer.queues.remove(queue);
      await producer.close();
    },
  };
}

/** Runs many jobs in one call. */
export function chunksContract(subject: Subject): void {
  it("runs each job once, in chunks of their size at most, and acknowledges each", async () => {
    await using one = await setUp(subject, 23, () => {});
    const { done, failed } = await one.consumer.run({ maxJobs: 23 });
    assert.deepEqual([done, failed], [23, 0]);
    assert.deepEqual(
      one.chunks.flat().sort((a, b) => a - b),
      Array.from({ length: 23 }, (_, i) => i),
    );
    assert(one.chunks.length < 23 && one.chunks.every(({ length }) => length <= 5));
    assert.deepEqual(await one.growth(), { retries: 0, scheduled: 0, working: 0 });
  });

  it("fails, discards and snoozes single jobs of a chunk", async () => {
    await using one = await setUp(subject, 4, (jobs, { fail }) => {
      for (const job of jobs) {
        if (job.args[0] === 0) fail(job, new Error("refused"));
        if (job.args[0] === 1) fail(job, new Discard("no use"));
        if (job.args[0] === 2) fail(job, new Snooze(3600));
      }
    });
    const fails: unknown[] = [];
    one.consumer.on(
      "fail",
      ({ job, error }) => fails.push([job.args[0], (error as Error).message]),
    );
    const { done, failed } = await one.consumer.run({ maxJobs: 4 });
    assert.deepEqual([done, failed, fails], [3, 1, [[0, "refused"]]]);
    assert.deepEqual(await one.growth(), { retries: 1, scheduled: 1, working: 0 });
  });

  it("fails all jobs of a chunk whose handler throws, except those that have failed before", async () => {
    await using one = await setUp(subject, 3, (jobs, { fail }) => {
      const first = jobs.find(({ args }) => args[0] === 0);
      if (first !== undefined) fail(first, new Discard());
      throw new Error("the database is gone");
    });
    const report = await one.consumer.run({ maxJobs: 3 });
    assert.deepEqual([report.done, report.failed], [1, 2]);
    assert.deepEqual(await one.growth(), { retries: 2, scheduled: 0, working: 0 });
  });

  it("requeues running and waiting jobs at the end of a stop", async () => {
    const stop = { now: () => {} };
    await using one = await setUp(subject, 7, (_jobs, { signal }) => {
      stop.now();
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    });
    stop.now = () => void one.consumer.stop({ graceMs: 0 });
    const { done, unreported } = await one.consumer.run();
    assert.deepEqual([done, unreported.length], [0, 0]);
    const { working, retries } = await one.growth();
    assert.equal(working, 0);
    assert(retries >= 5, `${retries}`);
  });
}
