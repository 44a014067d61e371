/** `main.ts`: cancels a scheduled job, a job that waits on its queue, and a job that runs. */

import { setTimeout } from "node:timers/promises";
import { Consumer, Producer } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";

// With a Faktory of your own, leave the server and `url` out.
await using server = await FaktoryServer.start({ port: 0 });
const { url } = server;
await using producer = await Producer.connect({ url });

const reminder = await producer.enqueue("remind", ["Ada"], { delay: "1h" });
console.log(`the reminder is ${await producer.cancel(reminder)}`);

await producer.enqueue("export", [1, 3]);
const waiting = await producer.enqueue("export", [2, 3]);
const endless = await producer.enqueue("export", [3, 1_000_000]);
console.log(`export 2 is ${await producer.cancel(waiting)}`);

// Without the option `cancellation`, a consumer runs what it fetches.
const consumer = new Consumer({ url, concurrency: 1, cancellation: true });
consumer.on("discard", ({ job }) => console.log(`export ${job.args[0]} is dropped`));
consumer.register<[account: number, pages: number]>("export", async ({ args }, { signal }) => {
  const [account, pages] = args;
  signal.addEventListener("abort", () => console.log(`export ${account}: ${signal.reason.code}`));
  for (let page = 1; page <= pages; page++) {
    // Rejects when the signal is aborted, and so ends the job.
    await setTimeout(10, undefined, { signal });
  }
  console.log(`export ${account} is done`);
});
const started = new Promise<void>((resolve) =>
  consumer.on("start", ({ job }) => job.jid === endless && resolve())
);
const run = consumer.run();
await started;

const before = Date.now();
console.log(`export 3 is ${await producer.cancel(endless)}`);
console.log(`in ten seconds: ${Date.now() - before < 10_000}`);
await consumer.stop();
await run;
