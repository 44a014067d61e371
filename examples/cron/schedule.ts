/** The schedule, as a program: each time, it enqueues the job for the next one. Run several, in case one dies. */

import process from "node:process";
import { NotUniqueError, Producer } from "@faktory-ts/faktory";
import { Cron } from "croner";
import { jobs } from "./jobs.ts";

const producer = await Producer.connect({ jobs });
const cron = new Cron(process.env["CRON"] ?? "* * * * *", { timezone: "UTC" });

/** One time ahead: the job is there before its time comes, whoever dies, and all instances can be late. */
async function enqueueNext(): Promise<void> {
  const at = cron.nextRun();
  if (at === null) return;
  const time = at.toISOString();
  // The same to the last letter on each instance: the set of scheduled jobs has such a job once.
  const same = { jid: `report-${at.getTime()}`, at, createdAt: at };
  try {
    console.log(`enqueued ${await producer.enqueue("report", [time], same)}`);
  } catch (error) {
    if (error instanceof NotUniqueError) console.log(`another instance has enqueued ${same.jid}`);
    else console.error(String(error));
  }
}

async function stop(): Promise<void> {
  cron.stop();
  await producer.close();
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);

cron.schedule(enqueueNext);
await enqueueNext();
