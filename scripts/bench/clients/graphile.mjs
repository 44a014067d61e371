/**
 * graphile-worker with PostgreSQL. For throughput it has the settings of its page on performance: a
 * local queue of 500 jobs and batched completions, which keep up to 500 jobs locked if the process
 * dies. A lone job is measured without.
 */

import { callers, Counter, load, LoneJobs, measureWindow, perform } from "./measure.ts";

const { makeWorkerUtils, run } = await load("graphile-worker");
const { Logger } = await load("@graphile/logger");

const PAYLOAD = [1, "two"];
const CHUNK = 1000;
const POOL = 25;

const logger = new Logger(() => () => {});

const utilsOf = ({ url }) => makeWorkerUtils({ connectionString: url, maxPoolSize: POOL, logger });

function addJobs(utils, count) {
  const job = { identifier: "bench", payload: PAYLOAD };
  return utils.addJobs(Array.from({ length: count }, () => job));
}

async function consume({ url, concurrency }, handle, batching) {
  const taskList = {
    async bench() {
      await undefined;
      handle();
    },
  };
  const worker = { connectionString: url, concurrentJobs: concurrency, maxPoolSize: POOL };
  const preset = { worker: { ...worker, ...batching, logger } };
  await run({ preset, taskList, noHandleSignals: true });
}

perform({
  async enqueue(task) {
    const [utils, counter] = [await utilsOf(task), new Counter()];
    await utils.migrate();
    callers(task.concurrency, async () => {
      await utils.addJob("bench", PAYLOAD);
      counter.add();
    });
    return await measureWindow(counter, task);
  },
  async many(task) {
    const [utils, counter] = [await utilsOf(task), new Counter()];
    await utils.migrate();
    callers(1, async () => {
      await addJobs(utils, task.jobs);
      counter.add(task.jobs);
    });
    return await measureWindow(counter, task);
  },
  async consume(task) {
    const [utils, counter] = [await utilsOf(task), new Counter()];
    await utils.migrate();
    for (let left = task.jobs; left > 0; left -= CHUNK) await addJobs(utils, CHUNK);
    const batching = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
    await consume(task, () => counter.add(), batching);
    return await measureWindow(counter, task, task.jobs);
  },
  async latency(task) {
    const [utils, jobs] = [await utilsOf(task), new LoneJobs()];
    await utils.migrate();
    await consume(task, () => jobs.arrived(), {});
    return await jobs.measure(task, () => utils.addJob("bench", PAYLOAD));
  },
});
