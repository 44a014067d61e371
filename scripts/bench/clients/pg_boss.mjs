/**
 * pg-boss with PostgreSQL: batches of 100 while they are full. LISTEN/NOTIFY is on for a lone job
 * only: it makes the commits of all that enqueue wait for each other.
 */

import { background, callers, Counter, load, LoneJobs, measureWindow, perform } from "./measure.ts";

const { PgBoss } = await load("pg-boss");

const DATA = { args: [1, "two"] };
const CHUNK = 1000;

async function start({ url, queue, work }) {
  const notify = work === "latency";
  const boss = new PgBoss({ connectionString: url, max: 25, useListenNotify: notify });
  boss.on("error", (error) => background(Promise.reject(error)));
  await boss.start();
  await boss.createQueue(queue, { notify });
  return boss;
}

const insert = (boss, { queue }, count) =>
  boss.insert(queue, Array.from({ length: count }, () => ({ data: DATA })));

async function consume(boss, { queue, concurrency }, handle) {
  const one = async () => {
    await undefined;
    handle();
  };
  const options = { batchSize: concurrency, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 };
  await boss.work(queue, options, async (jobs) => void await Promise.all(jobs.map(one)));
}

perform({
  async enqueue(task) {
    const [boss, counter] = [await start(task), new Counter()];
    callers(task.concurrency, async () => {
      await boss.send(task.queue, DATA);
      counter.add();
    });
    return await measureWindow(counter, task);
  },
  async many(task) {
    const [boss, counter] = [await start(task), new Counter()];
    callers(1, async () => {
      await insert(boss, task, task.jobs);
      counter.add(task.jobs);
    });
    return await measureWindow(counter, task);
  },
  async consume(task) {
    const [boss, counter] = [await start(task), new Counter()];
    for (let left = task.jobs; left > 0; left -= CHUNK) await insert(boss, task, CHUNK);
    await consume(boss, task, () => counter.add());
    return await measureWindow(counter, task, task.jobs);
  },
  async latency(task) {
    const [boss, jobs] = [await start(task), new LoneJobs()];
    await consume(boss, task, () => jobs.arrived());
    return await jobs.measure(task, () => boss.send(task.queue, DATA));
  },
});
