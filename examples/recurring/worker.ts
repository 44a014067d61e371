/** A worker that also runs the schedule. Start several: each firing is enqueued once. */

import { Consumer, Producer } from "@faktory-ts/faktory";
import { jobs, schedule } from "./jobs.ts";

const producer = await Producer.connect({ jobs });
const consumer = new Consumer({ jobs, handleSignals: true });
consumer.register("report", ({ args: [day] }) => console.log(`the report of ${day}`));
consumer.register("tidy", () => console.log("tidied"));
consumer.on("fail", ({ job, error }) => console.error(job.jid, error));

const told = new Set<string>();
schedule.on("push", ({ name, firing, jid }) => {
  if (!told.has(jid)) console.log(`${name} fires at ${firing.toISOString()}`);
  told.add(jid);
});
schedule.on("error", ({ error }) => console.error(String(error)));

const scheduling = schedule.run(producer);
console.log("the worker waits for jobs");
const { done } = await consumer.run();
await schedule.stop();
await scheduling;
await producer.close();
console.log(`the worker has stopped: ${done} done`);
