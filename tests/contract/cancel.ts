import assert from "node:assert/strict";
import { it } from "node:test";
import { type Cancellation, Consumer, type JobInput, Producer } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { pass, until } from "../consumer/setting.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** Cancels jobs at all places. */
export function cancelContract(subject: Subject): void {
  /** Starts a producer and a consumer with a shared clock, which advances during waits. */
  async function start(options: { readonly cancellation?: boolean } = {}) {
    const clock = new ManualClock(Date.now());
    const queue = freshQueue();
    const producer = await Producer.connect({ url: subject.url, clock });
    const consumer = new Consumer({
      ...{
        url: subject.url,
        queues: [queue],
        concurrency: 2,
        clock,
        cancellation: true,
        ...options,
      },
    });
    const ran: string[] = [];
    const dropped: string[] = [];
    consumer.on("start", ({ job }) => ran.push(job.jid));
    consumer.on("discard", ({ job }) => dropped.push(job.jid));
    const enqueue = (job: Partial<JobInput> = {}) =>
      producer.enqueue({ type: "x", queue, retry: 3, ...job } as JobInput);
    return {
      ...{ clock, queue, producer, consumer, ran, dropped, enqueue },
      async cancel(jid: string, waitMs?: number): Promise<Cancellation> {
        return await pass(clock, consumer, producer.cancel(jid, { waitMs }));
      },
      async markers(): Promise<string[]> {
        const { queues } = await producer.info();
        return Object.keys(queues).filter((name) => name.startsWith("faktory.cancel."));
      },
      async sets() {
        const { scheduled, retries, dead, working } = (await producer.info()).sets;
        return [scheduled, retries, dead, working];
      },
      async [Symbol.asyncDispose]() {
        await consumer.stop({ graceMs: 0 });
        for (const name of await this.markers()) await producer.queues.remove(name);
        await producer.close();
      },
    };
  }

  it("aborts a running job's signal, and the server deletes the job", async () => {
    await using s = await start();
    const began = deferred();
    const aborted = deferred<unknown>();
    s.consumer.register("x", (_job, { signal }) => {
      signal.addEventListener("abort", () => aborted.resolve(signal.reason));
      began.resolve();
      return aborted.promise;
    });
    const before = await s.sets();
    const jid = await s.enqueue();
    const run = s.consumer.run();
    await began.promise;
    // Two calls at the same time: each gets the worker's confirmation, from the worker alone.
    const both = [s.producer.cancel(jid), s.producer.cancel(jid)];
    const outcomes = await pass(s.clock, s.consumer, Promise.all(both));
    assert(outcomes.includes("aborted"), String(outcomes));
    assert(!outcomes.includes("released"), String(outcomes));
    const { name, code } = await aborted.promise as { name: string; code: string };
    assert.deepEqual([name, code], ["JobAbortedError", "CANCELLED"]);
    assert.deepEqual(await s.sets(), before);
    await s.consumer.stop();
    const { done, failed, unreported } = await run;
    assert.deepEqual([done, failed, unreported, s.dropped], [1, 0, [], [jid]]);
  });

  it("deletes a scheduled job and one that waits for a retry", async () => {
    await using s = await start();
    const before = await s.sets();
    const jid = await s.enqueue({ at: new Date(Date.now() + 3_600_000) });
    assert.equal(await s.cancel(jid), "withdrawn");
    s.consumer.register("x", () => {
      throw new Error("no");
    });
    const failing = await s.enqueue();
    await s.consumer.run({ maxJobs: 1 });
    assert.equal((await s.sets())[1], before[1]! + 1);
    assert.equal(await s.cancel(failing), "withdrawn");
    assert.deepEqual(await s.sets(), before);
  });

  it("drops a waiting job when it is fetched, and no other job", async () => {
    await using s = await start();
    const before = await s.sets();
    s.consumer.register("x", () => {});
    const odd = { jid: `ödd jid "${s.queue}"` };
    const jids = [await s.enqueue(), await s.enqueue(odd), await s.enqueue()];
    for (const jid of jids.slice(0, 2)) assert.equal(await s.cancel(jid), "withdrawn");
    assert.equal((await s.markers()).length, 2);
    // The third job starts first. Its end ends the run, which waits until the server has deleted
    // the others.
    await s.consumer.run({ maxJobs: 1 });
    assert.deepEqual([s.ran, s.dropped.sort()], [[jids[2]], jids.slice(0, 2).sort()]);
    assert.deepEqual([await s.sets(), await s.markers()], [before, []]);
  });

  it("a worker without the option runs cancelled jobs, and the server ignores the result", async () => {
    await using s = await start({ cancellation: false });
    const before = await s.sets();
    const end = deferred();
    s.consumer.register("x", () => end.promise);
    const jid = await s.enqueue();
    const run = s.consumer.run();
    await until(() => s.ran.length > 0);
    // A second call is not a worker's confirmation.
    const outcomes = await Promise.all([s.cancel(jid, 0), s.cancel(jid, 0)]);
    assert.deepEqual(outcomes.sort(), ["released", "withdrawn"]);
    end.resolve();
    await s.consumer.stop();
    assert.equal((await run).done, 1);
    assert.deepEqual(await s.sets(), before);
  });

  it("patterns of queues do not match a cancelled job's marker", async () => {
    await using s = await start();
    s.consumer.setQueues(["faktory.cancel.*", s.queue]);
    s.consumer.register("x", () => {});
    await s.cancel("never-was-there");
    const jid = await s.enqueue();
    await s.consumer.run({ maxJobs: 1 });
    assert.deepEqual([s.ran, (await s.markers()).length], [[jid], 1]);
  });
}
