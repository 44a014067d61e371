import assert from "node:assert/strict";
import { it } from "node:test";
import { Consumer, type Job, NotUniqueError } from "../../mod.ts";
import { PasswordlessProducer, Producer } from "../../src/edge/mod.ts";
import { selectTransport } from "../../src/transport/select.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** The guarantees of the smallest producer. */
export function edgeContract(subject: Subject): void {
  const connect = async (Class: typeof Producer | typeof PasswordlessProducer = Producer) =>
    await Class.connect({ url: subject.url, transport: await selectTransport() });

  /** Runs this many jobs of a queue, which is then empty. Returns them in order. */
  async function drain(queue: string, count: number): Promise<Job[]> {
    const jobs: Job[] = [];
    const consumer = new Consumer({ url: subject.url, queues: [queue], concurrency: 1 });
    consumer.register("x", (job) => void jobs.push(job));
    await consumer.run({ maxJobs: count });
    assert.equal(await consumer.runOne(), false);
    return jobs;
  }

  it("enqueues a job without changing it", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const args = [1, -2.5, "ünï\u2028<b>&\n\t\\", null, true, { b: [1], a: {} }, []];
    const custom = { trace: "abc", nested: { n: 1 } };
    const options = { queue, retry: 3, reserveFor: 120, backtrace: 3, custom };
    const jid = await producer.enqueue("x", args, options);
    const [job] = await drain(queue, 1);
    assert.deepEqual(
      [job!.jid, job!.args, job!.queue, job!.retry, job!.reserveFor, job!.backtrace, job!.custom],
      [jid, args, queue, 3, 120, 3, custom],
    );
  });

  it("keeps the order of concurrent calls, and each job's retry", async () => {
    const producers = await Promise.all([connect(), connect(PasswordlessProducer)]);
    const queues = producers.map(() => freshQueue());
    await Promise.all(
      producers.flatMap((producer, p) =>
        Array.from({ length: 200 }, (_, n) => {
          return producer.enqueue("x", [n], { queue: queues[p]!, retry: 5 + n });
        })
      ),
    );
    for (const queue of queues) {
      const jobs = await drain(queue, 200);
      const expected = jobs.map((_, n) => [n, 5 + n]);
      assert.deepEqual(jobs.map(({ args: [n], retry }) => [n, retry]), expected);
    }
    for (const producer of producers) await producer.close();
  });

  it("enqueues many jobs, and reports those that are refused", async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const jobs = Array.from({ length: 2500 }, (_, n) => ({
      type: "x",
      args: [n === 1200 ? NaN : n],
      queue,
    }));
    const { enqueued, failed } = await producer.enqueueMany(jobs);
    assert.deepEqual([enqueued.length, failed.size], [2499, 1]);
    const [error] = failed.values();
    assert.deepEqual([error!.code, (error as { path?: string }).path], [
      "INVALID_ARGS",
      "jobs[1200].args[0]",
    ]);
    assert.equal((await drain(queue, 2499)).length, 2499);
  });

  it("reports that a unique job exists already", {
    skip: subject.edition === "free" && "it is not Faktory Enterprise",
  }, async () => {
    await using producer = await connect();
    const queue = freshQueue();
    const job = { type: "x", args: [queue], queue, custom: { unique_for: 60 } };
    const jid = await producer.enqueue(job);
    await assert.rejects(producer.enqueue(job), (error) => error instanceof NotUniqueError);
    const { enqueued, failed } = await producer.enqueueMany([
      { type: "x", args: ["other"], queue },
      { ...job, jid: "refused-as-not-unique" },
    ]);
    assert.equal(enqueued.length, 1);
    assert.deepEqual([...failed.keys()], ["refused-as-not-unique"]);
    assert(failed.get("refused-as-not-unique") instanceof NotUniqueError);
    assert.equal((await drain(queue, 2))[0]!.jid, jid);
  });
}
