/**
 * pg-boss with PostgreSQL: batches of 100 while they are full. LISTEN/NOTIFY is used for a lone job
 * only, because it makes the commits of all callers wait for each other.
 */

import { background, load, perform, worksOf } from "./measure.ts";

const { PgBoss } = await load("pg-boss");

const DATA = { args: [1, "two"] };

async function start({ url, queue, work }) {
  const notify = work === "latency";
  const boss = new PgBoss({ connectionString: url, max: 25, useListenNotify: notify });
  boss.on("error", (error) => background(Promise.reject(error)));
  await boss.start();
  await boss.createQueue(queue, { notify });
  return boss;
}

/** One for both sides, as in a program that does both. */
let started;

perform(worksOf({
  fills: true,
  async connect(task) {
    const [boss, { queue }] = [await (started ??= start(task)), task];
    return {
      enqueue: () => boss.send(queue, DATA),
      enqueueMany: (count) =>
        boss.insert(queue, Array.from({ length: count }, () => ({ data: DATA }))),
    };
  },
  async consume(task, handle) {
    const [boss, { queue, concurrency }] = [await (started ??= start(task)), task];
    const one = async () => {
      await undefined;
      handle();
    };
    const options = {
      ...{ batchSize: concurrency, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
    };
    await boss.work(queue, options, async (jobs) => void await Promise.all(jobs.map(one)));
  },
}));
