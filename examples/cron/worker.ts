/** The worker, as a program of its own. */

import { Consumer, Discard } from "@faktory-ts/faktory";
import { claim } from "./claim.ts";
import { jobs } from "./jobs.ts";

const consumer = new Consumer({ jobs, queues: ["reports"], handleSignals: true });
consumer.register("report", async ({ jid, args: [time] }) => {
  if (!await claim(`report-${Date.parse(time)}`, jid)) {
    throw new Discard(`another job has the report for ${time}`);
  }
  console.log(`the report for ${time}`);
});
consumer.on("discard", ({ outcome }) => console.log(outcome.message));
consumer.on("fail", ({ job, error }) => console.error(job.jid, error));

const { done } = await consumer.run();
console.log(`the worker has stopped: ${done} done`);
