/** The worker: a program of its own, so that it can be scaled and deployed separately. */

import { Consumer } from "@faktory-ts/faktory";
import { jobs } from "./jobs.ts";

const consumer = new Consumer({ jobs, concurrency: 20, handleSignals: true });
consumer.register("welcome", ({ args: [name] }) => console.log(`Welcome, ${name}!`));
consumer.on("fail", ({ job, error }) => console.error(job.jid, error));

console.log("the worker waits for jobs");
const { done, unfinished } = await consumer.run(); // until TERM or INT
console.log(`the worker has stopped: ${done} done, ${unfinished.length} handed back`);
