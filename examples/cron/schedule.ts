/** The schedule, as a program: each time, it enqueues the job for the next one. Run several, in case one dies. */

import process from "node:process";
import { NotUniqueError, Producer } from "@faktory-ts/faktory";
import { Cron } from "croner";
import { jobs } from "./jobs.ts";

const producer = await Producer.connect({ jobs });
const cron = new Cron(process.env["CRON"] ?? "* * * * *", { timezone: "UTC" });

/**
 * One time ahead: the job is there before its time comes, even if nobody is awake then. And Enterprise refuses the same job
 * of another instance however far their clocks are apart, as this one cannot have succeeded, and let go of its lock, by then.
 */
async function enqueueNext(): Promise<void> {
  const at = cron.nextRun();
  if (at === null) return;
  const time = at.toISOString();
  try {
    const jid = await producer.enqueue("report", [time], { at });
    console.log(`enqueued ${jid} for ${time}`);
  } catch (error) {
    if (error instanceof NotUniqueError) console.log(`another instance has ${time}`);
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
