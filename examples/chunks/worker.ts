/** A worker that indexes many documents in one call. */

import { Consumer } from "@faktory-ts/faktory";

const consumer = new Consumer({ concurrency: 20, handleSignals: true });
let calls = 0;
let indexed = 0;

consumer.registerMany<[id: number]>("index", { size: 20, waitMs: 200 }, async (jobs, { fail }) => {
  await new Promise((resolve) => setTimeout(resolve, 50)); // one bulk request
  calls++;
  for (const job of jobs) {
    if (job.args[0] < 0) fail(job, new Error("there is no such document"));
    else indexed++;
  }
  console.log(`a chunk of ${jobs.length}`);
});
consumer.on("fail", ({ job, error }) => console.log(`${job.args[0]}: ${error}`));

console.log("the worker waits for jobs");
await consumer.run();
console.log(`the worker has stopped: ${indexed} indexed in ${calls} calls`);
