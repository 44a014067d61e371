/**
 * graphile-worker with PostgreSQL. For throughput it has the settings of its page on performance: a
 * local queue of 500 jobs and batched completions, which keep up to 500 jobs locked if the process
 * dies. A lone job is measured without them.
 */

import { load, perform, worksOf } from "./measure.ts";

const { makeWorkerUtils, run } = await load("graphile-worker");
const { Logger } = await load("@graphile/logger");

const PAYLOAD = [1, "two"];
const BATCHING = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

const logger = new Logger(() => () => {});

perform(worksOf({
  fills: true,
  async connect({ url }) {
    const utils = await makeWorkerUtils({ connectionString: url, maxPoolSize: 25, logger });
    await utils.migrate();
    const job = () => ({ identifier: "bench", payload: PAYLOAD });
    return {
      enqueue: () => utils.addJob("bench", PAYLOAD),
      enqueueMany: (count) => utils.addJobs(Array.from({ length: count }, job)),
    };
  },
  async consume({ url, concurrency, work }, handle) {
    const taskList = {
      async bench() {
        await undefined;
        handle();
      },
    };
    const worker = {
      ...{ connectionString: url, concurrentJobs: concurrency, maxPoolSize: 25, logger },
      ...work === "latency" ? {} : BATCHING,
    };
    await run({ preset: { worker }, taskList, noHandleSignals: true });
  },
}));
