import assert from "node:assert/strict";
import { it } from "node:test";
import { Consumer, Producer } from "../../mod.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** The queues that a consumer fetches from, and its limits. */
export function queuesContract(subject: Subject): void {
  it("fetches jobs from the queues that match a pattern, and from no others", async () => {
    await using producer = await Producer.connect({ url: subject.url });
    const [prefix, other] = [freshQueue(), freshQueue()];
    const queues = [`${prefix}.a`, `${prefix}.b`];
    for (const queue of [...queues, other]) await producer.enqueue("x", [], { queue });
    const consumer = new Consumer({ url: subject.url, queues: [`${prefix}.*`], concurrency: 2 });
    const seen: string[] = [];
    consumer.register("x", (job) => void seen.push(job.queue));
    const { reason, done } = await consumer.runToCompletion();
    assert.deepEqual({ reason, done }, { reason: "empty", done: 2 });
    assert.deepEqual(seen.sort(), queues);
    assert.equal((await producer.info()).queues[other], 1);
    await producer.queues.remove(other);
  });

  it("keeps the server from reserving more jobs than a limit allows", async () => {
    await using producer = await Producer.connect({ url: subject.url });
    const queue = freshQueue();
    /** Counts jobs that workers have fetched: running ones, and those that the server saw end. */
    const taken = async () => {
      const { sets, totals } = await producer.info();
      return sets.working + totals.processed;
    };
    const before = await taken();
    await producer.enqueueMany(Array.from({ length: 30 }, () => ({ type: "x", queue })));
    const consumer = new Consumer({
      url: subject.url,
      queues: [queue],
      concurrency: 20,
      limits: { queues: { [queue]: { concurrency: 3 } } },
    });
    let [running, most, ended, reserved] = [0, 0, 0, 0];
    consumer.register("x", async () => {
      most = Math.max(most, ++running);
      // A job whose handler has ended no longer counts, however late its ACK is.
      reserved = Math.max(reserved, await taken() - before - ended);
      running--;
      ended++;
    });
    const { done } = await consumer.runToCompletion();
    assert.equal(done, 30);
    assert.equal(most, 3);
    assert(reserved <= 3, `${reserved} were reserved`);
  });

  it("leaves jobs without a handler to other workers, unchanged", async () => {
    await using producer = await Producer.connect({ url: subject.url });
    const queue = freshQueue();
    const custom = { trace: "kept" };
    const jid = await producer.enqueue("others", [1, "a"], { queue, retry: 7, custom });
    const consumer = new Consumer({
      url: subject.url,
      queues: [queue],
      concurrency: 1,
      unregistered: "leave",
    });
    const { reason, done, failed } = await consumer.runToCompletion();
    assert.deepEqual({ reason, done, failed }, { reason: "empty", done: 0, failed: 0 });
    await producer.sets.scheduled.requeue({ jids: [jid] });
    const other = new Consumer({ url: subject.url, queues: [queue], concurrency: 1 });
    other.register("others", (job, { attempt }) => {
      assert.deepEqual(
        [job.jid, job.args, job.retry, job.custom, attempt],
        [jid, [1, "a"], 7, custom, 1],
      );
    });
    other.on("fail", ({ error }) => assert.fail(String(error)));
    assert.equal(await other.runOne(), true);
  });
}
