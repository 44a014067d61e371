/** `main.ts`: cancels a waiting and a scheduled job, and runs the others. */

import { Consumer, Producer } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";

// If you run a Faktory server, remove the server and `url`.
await using server = await FaktoryServer.start({ port: 0 });
const { url } = server;
await using producer = await Producer.connect({ url });

const exports: string[] = [];
for (const account of [1, 2, 3]) exports.push(await producer.enqueue("export", [account]));
const reminder = await producer.enqueue("remind", ["Ada"], { delay: "1h" });

console.log(`export 2 is ${await producer.cancel(exports[1]!)}`);
console.log(`the reminder is ${await producer.cancel(reminder)}`);

// Without this option, a consumer runs cancelled jobs too.
const consumer = new Consumer({ url, concurrency: 1, cancellation: true });
consumer.on("discard", ({ job }) => console.log(`export ${job.args[0]} is dropped`));
consumer.register<[account: number]>("export", async ({ args: [account] }, { signal }) => {
  // If the job is cancelled while it runs, its signal is aborted within ten seconds.
  for (let page = 1; page <= 3; page++) {
    signal.throwIfAborted();
    await Promise.resolve();
  }
  console.log(`export ${account} is made`);
});
await consumer.run({ maxJobs: 2 });
