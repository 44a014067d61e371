/** The npm package `faktory-worker`. */

import module from "faktory-worker";
import { perform, worksOf } from "./measure.ts";

// The package is CommonJS: its types have a `default`, which at run time is the module itself.
const faktory = module as unknown as typeof module.default;

perform(worksOf({
  async connect({ url, keepsJobs, queue }) {
    const client = await faktory.connect({ url });
    const create = () => {
      const job = client.job("bench", 1, "two");
      return keepsJobs ? Object.assign(job, { queue, retry: 0, reserveFor: 60 }) : job;
    };
    return {
      enqueue: () => create().push(),
      async enqueueMany(count) {
        const rejected = await client.pushBulk(Array.from({ length: count }, create));
        if (Object.keys(rejected).length > 0) throw new Error("Jobs were rejected");
      },
    };
  },
  async consume({ url, queue, concurrency }, handle) {
    faktory.register("bench", async () => {
      await undefined;
      handle();
    });
    await faktory.work({ url, concurrency, queues: [queue] });
  },
}));
