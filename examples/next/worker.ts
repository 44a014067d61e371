/** The worker: a program of its own, not part of the Next application. */

import { Consumer } from "@faktory-ts/faktory";
import { jobs } from "./lib/jobs.ts";

const consumer = new Consumer({ jobs, concurrency: 20, handleSignals: true });
consumer.register("welcome", ({ args: [name] }) => console.log(`Welcome, ${name}!`));
console.log("the worker waits for jobs");
const { done } = await consumer.run(); // until TERM or INT
console.log(`the worker has stopped: ${done} done`);
