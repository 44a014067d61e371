/** The worker: a separate program. Start as many as you need. */

import { Consumer } from "@faktory-ts/faktory";
import { jobs } from "./jobs.ts";

const consumer = new Consumer({ jobs, queues: ["mail"], concurrency: 20, handleSignals: true });
consumer.register("welcome", ({ args: [name] }) => console.log(`Welcome, ${name}!`));
consumer.on("fail", ({ job, error }) => console.error(job.jid, error));

console.log("the worker waits for jobs");
const { reason, done, unfinished } = await consumer.run(); // until TERM or INT
console.log(`the worker has stopped (${reason}): ${done} done, ${unfinished.length} handed back`);
