/** `main.ts FOLDER`: prints the SHA-256 of each image in the folder, a job each, in threads. */

import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import process from "node:process";
import { Consumer, isolated, Producer } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";

const [folder = "."] = process.argv.slice(2);
const names = await readdir(folder);
const images = names.filter((name) => /\.(avif|gif|jpe?g|png|svg|webp)$/i.test(name)).sort();

// With a Faktory of your own, leave the server and `url` out.
await using server = await FaktoryServer.start({ port: 0 });
const { url } = server;
await using producer = await Producer.connect({ url });
const { failed } = await producer.enqueueMany(
  images.map((name) => ({ type: "hash", args: [resolve(folder, name)], retry: 0 })),
);
for (const error of failed.values()) throw error;

// As many threads as there are cores. No more jobs are fetched than there are threads for.
await using hash = isolated<[path: string]>(new URL("./hash.ts", import.meta.url));
const consumer = new Consumer({ url, concurrency: 100 });
consumer.register("hash", hash);
consumer.use(async ({ args: [path] }, _context, next) => {
  console.log(`${await next()}  ${path}`);
});
consumer.on("fail", ({ job, error }) => console.error(`${job.args[0]}: ${error}`));

const report = await consumer.runToCompletion();
console.log(`${report.done} hashed, ${report.failed} failed`);
