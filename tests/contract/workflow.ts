import assert from "node:assert/strict";
import { it } from "node:test";
import { Consumer, defineJobs, job, Producer } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { chain, join, resultsOf, Workflows } from "../../src/workflow/mod.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** Chains and joins with real consumers, with the tokens that every server has. */
export function workflowContract(subject: Subject): void {
  it("runs chains and joins, and passes their results on", async () => {
    const queue = freshQueue();
    const jobs = defineJobs({
      double: job<[number]>({ queue }),
      sum: job<[]>({ queue }),
      report: job<[]>({ queue }),
    });
    await using producer = await Producer.connect({ url: subject.url, jobs });
    const reported = deferred<readonly unknown[]>();
    const runs = { double: 0, sum: 0, report: 0 };
    const workflows = new Workflows();
    // Two workers that join each other's results.
    const consumers = [1, 2].map(() => {
      const consumer = new Consumer({ url: subject.url, jobs, concurrency: 5 });
      workflows.attach(consumer);
      consumer.register("double", ({ args: [number] }) => {
        runs.double++;
        return number * 2;
      });
      consumer.register("sum", (job) => {
        runs.sum++;
        return (resultsOf(job) as number[]).reduce((sum, number) => sum + number, 0);
      });
      consumer.register("report", (job) => {
        runs.report++;
        reported.resolve(resultsOf(job));
      });
      return consumer;
    });
    const running = consumers.map((consumer) => consumer.run());
    const double = (number: number) => ({ type: "double", args: [number] });
    const id = await workflows.start(
      producer,
      chain(
        join(...Array.from({ length: 20 }, (_, index) => double(index))),
        { type: "sum" },
        join(double(1), chain(double(2), double(3))),
        { type: "report" },
      ),
      { statusDays: 1 },
    );
    assert.deepEqual(await reported.promise, [2, 6]);
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    await Promise.all(running);
    assert.deepEqual(runs, { double: 23, sum: 1, report: 1 });
    assert.deepEqual(await workflows.status(producer, id), {
      ...{ state: "succeeded", total: 25, succeeded: 25, failed: [] },
    });
    // A second time, since reading repairs the state.
    assert.equal((await workflows.status(producer, id)).state, "succeeded");

    const own = Object.keys((await producer.info()).queues).filter((name) => name.includes(id));
    assert.equal(own.length, 6, "tokens and marks of the state and of two joins");
    await producer.queues.remove([queue, ...own]);
    await producer.sets.scheduled.discard({ pattern: `*${id}*` });
  });
}
