import assert from "node:assert/strict";
import { it } from "node:test";
import { type BatchFiller, type Job, type JobInput, NotUniqueError, Producer } from "../../mod.ts";
import { decodeJob } from "../../src/job/decode.ts";
import { RawClient } from "./raw_client.ts";
import { freshQueue, type Subject } from "./subject.ts";

/**
 * Behaviour that the wiki of Faktory Enterprise documents, or that other clients have observed. No
 * guesses.
 */
export function enterpriseContract(subject: Subject): void {
  /** Starts a producer, and a worker that fetches jobs one by one. */
  async function start() {
    const producer = await Producer.connect({ url: subject.url });
    const worker = await RawClient.hello(subject.url, { wid: freshQueue() });
    return {
      producer,
      queue: freshQueue(),
      /** Fetches the next job of a queue. Returns `undefined` if none comes within two seconds. */
      async fetch(queue: string): Promise<Job | undefined> {
        const reply = await worker.ask(`FETCH ${queue}`);
        return reply === "$-1" ? undefined : decodeJob(reply);
      },
      async ack(job: Job): Promise<void> {
        assert.equal(await worker.ask(`ACK ${JSON.stringify({ jid: job.jid })}`), "+OK");
      },
      async run(queue: string, type: string): Promise<Job> {
        const job = await this.fetch(queue);
        assert.equal(job?.type, type);
        await this.ack(job!);
        return job!;
      },
      async [Symbol.asyncDispose]() {
        worker.close();
        await producer.close();
      },
    };
  }

  it("runs a batch's callbacks: complete first, then success", async () => {
    await using s = await start();
    const { batches } = s.producer;
    const callbacks = `${s.queue}-callbacks`;
    const fill: BatchFiller = async (batch) => {
      await batch.enqueue({ type: "member", queue: s.queue });
      await batch.enqueue({ type: "member", queue: s.queue });
    };
    const bid = await batches.open({
      description: "some jobs",
      complete: { type: "complete", queue: callbacks },
      success: { type: "success", queue: callbacks },
    }, fill);
    await s.run(s.queue, "member");
    const { total, pending, failed, description, complete } = await batches.status(bid);
    assert.deepEqual(
      [total, pending, failed, description, complete],
      [2, 1, 0, "some jobs", "waiting"],
    );
    await s.run(s.queue, "member");
    const job = await s.fetch(callbacks);
    assert.equal(job!.type, "complete");
    assert.equal(job!.custom!["_bid"], bid);
    assert.equal((await batches.status(bid)).complete, "enqueued");
    assert.equal((await batches.status(bid)).success, "waiting");
    await s.ack(job!);
    await s.run(callbacks, "success");
    const end = await batches.status(bid);
    assert.deepEqual([end.pending, end.complete, end.success], [0, "done", "done"]);
  });

  it("runs callbacks only after the commit, then at once", async () => {
    await using s = await start();
    const { batches } = s.producer;
    const callbacks = `${s.queue}-callbacks`;
    const success = { type: "success", queue: callbacks };
    const bid = await batches.open({ success }, async (batch) => {
      await batch.enqueue({ type: "member", queue: s.queue });
      await s.run(s.queue, "member");
      const { pending, success } = await batches.status(batch.bid);
      assert.deepEqual([pending, success], [0, "waiting"]);
    });
    await s.run(callbacks, "success");
    assert.equal((await batches.status(bid)).success, "done");
    await batches.open({ success }, () => {});
    await s.run(callbacks, "success");
  });

  it("reopens a batch, and holds a parent's callback until its child's", async () => {
    await using s = await start();
    const { batches } = s.producer;
    const callbacks = `${s.queue}-callbacks`;
    const member = { type: "member", queue: s.queue };
    const parentBid = await batches.open(
      { success: { type: "parent", queue: callbacks } },
      async (batch) => void await batch.enqueue(member),
    );
    let bid = "";
    assert.equal(
      await batches.reopen(parentBid, async (batch) => {
        await batch.enqueue(member);
        bid = await batches.open(
          { parentBid, success: { type: "child", queue: callbacks } },
          async (child) => void await child.enqueue(member),
        );
      }),
      parentBid,
    );
    assert.equal((await batches.status(parentBid)).total, 2);
    assert.equal((await batches.status(bid)).parentBid, parentBid);
    for (let i = 0; i < 3; i++) await s.run(s.queue, "member");
    await s.run(callbacks, "child");
    await s.run(callbacks, "parent");
    await assert.rejects(batches.reopen("b-none", () => {}), { message: /no such batch/i });
  });

  it("accepts a unique job once, until it has succeeded or, on request, started", async () => {
    await using s = await start();
    const job: JobInput = { type: "sync", args: [1], queue: s.queue, custom: { unique_for: 60 } };
    await s.producer.enqueue(job);
    await assert.rejects(s.producer.enqueue(job), NotUniqueError);
    await s.producer.enqueue({ ...job, custom: {} });
    await s.producer.enqueue({ ...job, args: [2] });
    await s.run(s.queue, "sync");
    const untilStart = { ...job, custom: { unique_for: 60, unique_until: "start" } };
    await s.producer.enqueue(untilStart);
    await assert.rejects(s.producer.enqueue(untilStart), NotUniqueError);
    for (let i = 0; i < 3; i++) await s.fetch(s.queue);
    await s.producer.enqueue(untilStart);
    await s.producer.queues.remove(s.queue);
  });

  it("respects the typed options: unique until success or start, and expires", async () => {
    await using s = await start();
    const refused = (job: JobInput) => assert.rejects(s.producer.enqueue(job), NotUniqueError);
    const once = { type: "once", args: [s.queue], queue: s.queue, unique: { for: "10m" } } as const;
    await s.producer.enqueue(once);
    await refused(once);
    const job = await s.fetch(s.queue);
    assert.deepEqual([job!.custom["unique_for"], job!.custom["unique_until"]], [600, "success"]);
    await refused(once);
    await s.ack(job!);
    await s.producer.enqueue({ ...once, unique: { for: 600, until: "start" } });
    const started = await s.fetch(s.queue);
    await s.producer.enqueue(once);
    await s.ack(started!);
    await s.run(s.queue, "once");
    await s.producer.enqueue({
      type: "late",
      queue: s.queue,
      expires: new Date(subject.now() - 1000),
    });
    await s.producer.enqueue({ type: "soon", queue: s.queue, expires: "10m" });
    await s.run(s.queue, "soon");
  });

  it("reports the progress of a tracked job, and keeps the last update", async () => {
    await using s = await start();
    const { tracking } = s.producer;
    const jid = await s.producer.enqueue("long", [], { queue: s.queue, custom: { track: 1 } });
    assert.equal((await tracking.get(jid)).state, "enqueued");
    const job = await s.fetch(s.queue);
    await tracking.set({ jid, percent: 32, text: "half way" });
    const { state, percent, text } = await tracking.get(jid);
    assert.deepEqual([state, percent, text], ["working", 32, "half way"]);
    await s.ack(job!);
    assert.equal((await tracking.get(jid)).state, "success");
    assert.equal((await tracking.get(jid)).percent, 32);
    const other = await s.producer.enqueue("long", [], { queue: s.queue });
    const unknown = await tracking.get(other);
    assert.deepEqual([unknown.state, unknown.updatedAt], ["unknown", undefined]);
    await s.producer.queues.remove(s.queue);
  });

  it("drops an expired job when it is fetched", async () => {
    await using s = await start();
    const expires_at = new Date(subject.now() - 1000).toISOString();
    await s.producer.enqueue("late", [], { queue: s.queue, custom: { expires_at } });
    await s.producer.enqueue("in time", [], { queue: s.queue });
    await s.run(s.queue, "in time");
  });
}
