/** The worker, as a program of its own. */

import { Consumer } from "@faktory-ts/faktory";
import { jobs } from "./jobs.ts";

const consumer = new Consumer({ jobs, queues: ["reports"], handleSignals: true });
consumer.register("report", ({ args: [time] }) => console.log(`the report for ${time}`));
consumer.on("fail", ({ job, error }) => console.error(job.jid, error));

console.log("the worker waits for jobs");
const { done } = await consumer.run();
console.log(`the worker has stopped: ${done} done`);
