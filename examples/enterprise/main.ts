/** `main.ts`: unique jobs, jobs that expire, throttles, filters, and a command without a method. */

import { setTimeout } from "node:timers/promises";
import { Consumer, defineJobs, job, NotUniqueError, Producer } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";

const jobs = defineJobs({
  sync: job<[account: number]>({ unique: { for: "10m" } }),
  quote: job<[symbol: string]>({ expires: "1s" }),
  post: job<[picture: number]>({ queue: "instagram" }),
  remind: job<[name: string]>(),
});

// With a Faktory Enterprise of your own, leave the server and `url` out.
await using server = await FaktoryServer.start({
  port: 0,
  edition: "enterprise",
  throttles: { instagram: { concurrency: 1 } },
  cron: [{ schedule: "0 3 * * *", job: { type: "sync", args: [1] } }],
});
const { url } = server;
await using producer = await Producer.connect({ url, jobs });

await producer.enqueue("sync", [42]);
const refused = await producer.enqueue("sync", [42]).catch((error: unknown) => error);
console.log(`the second sync is refused: ${refused instanceof NotUniqueError}`);

for (const name of ["Ada", "Grace"]) await producer.enqueue("remind", [name], { delay: "1h" });
await producer.sets.scheduled.discard({ type: "remind", pattern: "*Ada*" });
console.log(`reminders left: ${(await producer.info()).sets.scheduled}`);

await producer.enqueue("quote", ["ACME"]);
await setTimeout(1100);
for (const picture of [1, 2, 3]) await producer.enqueue("post", [picture]);

let [running, most] = [0, 0];
const consumer = new Consumer({ url, jobs, concurrency: 10 });
consumer.register("sync", ({ args: [account] }) => console.log(`account ${account} is synced`));
consumer.register("quote", () => console.log("never: the quote has expired"));
consumer.register("post", async () => {
  most = Math.max(most, ++running);
  await setTimeout(20);
  running--;
});
consumer.register("remind", () => {});
await consumer.runToCompletion();
console.log(`posts at a time: ${most}`);

const info = JSON.parse((await producer.command("INFO"))!);
console.log(`the server is ${info.server.description}`);
