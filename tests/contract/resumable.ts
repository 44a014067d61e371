import assert from "node:assert/strict";
import { it } from "node:test";
import { Consumer, type JobContext, Producer, resumable, type ResumableRun } from "../../mod.ts";
import { freshQueue, type Subject } from "./subject.ts";

const STEPS = 6;

/** Creates a job of six steps on a new queue, and consumers that run it. */
async function setUp(
  subject: Subject,
  retry: number,
  inStep: (step: number, context: JobContext) => unknown,
) {
  const producer = await Producer.connect({ url: subject.url });
  const queue = freshQueue();
  const options = { queue, retry, custom: { tenant: "acme" } };
  const jid = await producer.enqueue("export", ["all"], options);
  const steps: number[] = [];
  const starts: unknown[] = [];
  const run: ResumableRun<[string], number> = async function* (job, context) {
    starts.push([context.cursor, context.attempt, job.custom["tenant"]]);
    for (let step = context.cursor ?? 0; step < STEPS; step++) {
      await inStep(step, context);
      steps.push(step);
      yield step + 1;
    }
  };
  return {
    producer,
    jid,
    steps,
    starts,
    consumer() {
      const consumer = new Consumer({ url: subject.url, queues: [queue], concurrency: 1 });
      consumer.register("export", resumable(run));
      return consumer;
    },
    /** Requeues the job at once. */
    async back() {
      for (const set of [producer.sets.scheduled, producer.sets.retries, producer.sets.dead]) {
        await set.requeue({ jids: [jid] });
      }
    },
    async [Symbol.asyncDispose]() {
      await producer.queues.remove(queue);
      await producer.close();
    },
  };
}

/** Long jobs that continue at a cursor. */
export function resumableContract(subject: Subject): void {
  it("continues at its cursor after a stop, and uses no retry", async () => {
    const stop = { now: () => {} };
    await using one = await setUp(subject, 0, (step) => {
      if (step === 2) stop.now();
    });
    const consumer = one.consumer();
    stop.now = () => void consumer.stop();
    const report = await consumer.run();
    assert.deepEqual([report.done, report.failed, report.unfinished.length], [1, 0, 0]);
    assert.deepEqual(one.steps, [0, 1, 2]);
    await one.back();
    await one.consumer().run({ maxJobs: 1 });
    assert.deepEqual(one.steps, [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(one.starts, [[undefined, 1, "acme"], [3, 1, "acme"]]);
  });

  it("continues at its cursor after a failure, which uses a retry", async () => {
    let hasFailed = false;
    await using one = await setUp(subject, 5, (step) => {
      if (step !== 3 || hasFailed) return;
      hasFailed = true;
      throw new RangeError("no page 3");
    });
    const first = one.consumer();
    const failures: unknown[] = [];
    first.on("fail", ({ error, next }) => failures.push([(error as Error).name, next]));
    await first.run({ maxJobs: 1 });
    assert.deepEqual(failures, [["RangeError", "retry"]]);
    await one.back();
    await one.consumer().run({ maxJobs: 1 });
    assert.deepEqual(one.steps, [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(one.starts, [[undefined, 1, "acme"], [3, 2, "acme"]]);
  });

  it("restarts at its last hop after a failure, or at its beginning without one", async () => {
    let fails = 0;
    await using one = await setUp(subject, -1, (step) => {
      if (step === 1 && fails++ === 0) throw new Error("at the last attempt");
    });
    await one.consumer().run({ maxJobs: 1 });
    await one.back();
    await one.consumer().run({ maxJobs: 1 });
    assert.deepEqual(one.steps, [0, 0, 1, 2, 3, 4, 5]);
  });

  it("is requeued at its cursor by a handler that a stop interrupts in a step", async () => {
    const stop = { now: () => {} };
    let hasStopped = false;
    await using one = await setUp(subject, 5, (step, { signal }) => {
      if (step !== 2 || hasStopped) return;
      hasStopped = true;
      stop.now();
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    });
    const consumer = one.consumer();
    stop.now = () => void consumer.stop({ graceMs: 0 });
    const report = await consumer.run();
    assert.deepEqual([report.done, report.failed], [1, 0]);
    await one.back();
    await one.consumer().run({ maxJobs: 1 });
    assert.deepEqual(one.steps, [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(one.starts[1], [2, 1, "acme"]);
  });
}
