import assert from "node:assert/strict";
import { it } from "node:test";
import { Consumer, Job, Producer } from "../../mod.ts";
import { Schedule, type ScheduleEntries, type ScheduleOptions } from "../../src/cron/mod.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** Recurring jobs, pushed by processes with their own connections. */
export function recurringContract(subject: Subject): void {
  /** Runs the schedule in five processes until `use` has ended. */
  async function withProcesses(
    entries: ScheduleEntries,
    options: ScheduleOptions,
    use: () => Promise<void>,
  ): Promise<void> {
    const processes = await Promise.all(Array.from({ length: 5 }, async () => {
      const producer = await Producer.connect({ url: subject.url });
      const schedule = new Schedule(entries, options);
      const errors: unknown[] = [];
      schedule.on("error", ({ error }) => errors.push(error));
      const left = new Set(schedule.entries);
      const pushed = new Promise<void>((resolve) => {
        schedule.on("push", ({ name }) => left.delete(name) && left.size === 0 && resolve());
      });
      return { producer, schedule, errors, pushed, running: schedule.run(producer) };
    }));
    await Promise.all(processes.map(({ pushed }) => pushed));
    await use();
    for (const { producer, schedule, running, errors } of processes) {
      await schedule.stop();
      await running;
      await producer.close();
      assert.deepEqual(errors, []);
    }
  }

  it("pushes each firing once from any process, and withdraws changed ones", async () => {
    await using producer = await Producer.connect({ url: subject.url });
    const scheduled = async () => (await producer.info()).sets.scheduled;
    const before = await scheduled();
    const queue = freshQueue();
    const name = queue;
    const entries: ScheduleEntries = {
      hourly: { every: "1h", job: { type: "hourly", queue, args: [{ b: 1.5, a: "ä" }] } },
      daily: { cron: "0 3 * * *", job: (firing) => new Job("daily", [firing], { queue }) },
    };
    await withProcesses(entries, { name }, async () => {
      assert.equal(await scheduled() - before, 6);
    });
    const changed: ScheduleEntries = { hourly: { every: "1h", job: { type: "changed", queue } } };
    await withProcesses(changed, { name }, async () => {
      const left = await scheduled() - before;
      // Firings in the next 90 seconds are not withdrawn.
      assert(left === 3 || left === 4, `${left}`);
    });
    await producer.sets.scheduled.requeue({ pattern: `*"jid":"cron:${name}:*` });
    const times: string[] = [];
    const consumer = new Consumer({ url: subject.url, queues: [queue] });
    consumer.register("changed", ({ createdAt }) => void times.push(createdAt!.toISOString()));
    consumer.register("hourly", () => {});
    await consumer.runToCompletion();
    assert.equal(new Set(times).size, 3);
    assert.equal(times.length, 3);
    assert(times.every((time) => /:00:00\.000Z$/.test(time)));
    await producer.queues.remove(queue);
  });

  // This takes 20 seconds. For the embedded server, the year in tests/cron covers it.
  if (subject.name.startsWith("the embedded server")) return;
  it("fires on time, and once", { timeout: 60_000 }, async () => {
    const queue = freshQueue();
    const consumer = new Consumer({ url: subject.url, queues: [queue] });
    const times: number[] = [];
    consumer.register("tick", ({ createdAt }) => {
      times.push(createdAt!.getTime());
      assert(subject.now() - createdAt!.getTime() < 7000);
    });
    const entries: ScheduleEntries = { tick: { every: "5s", job: { type: "tick", queue } } };
    await withProcesses(entries, { name: queue, guardMs: 2000 }, async () => {
      await consumer.run({ maxJobs: 4 });
    });
    assert.deepEqual(times, times.map((_, index) => times[0]! + index * 5000));
    await using producer = await Producer.connect({ url: subject.url });
    await new Schedule({}, { name: queue }).withdraw(producer);
    await producer.queues.remove(queue);
  });
}
