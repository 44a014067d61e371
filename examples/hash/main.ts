/** `main.ts FOLDER`: prints the SHA-256 of each image in a folder, computed by jobs in threads. */

import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import process from "node:process";
import { Consumer, isolated, Producer } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";

const [folder = "."] = process.argv.slice(2);
const names = await readdir(folder);
const images = names.filter((name) => /\.(avif|gif|jpe?g|png|svg|webp)$/i.test(name)).sort();

// If you run a Faktory server, remove the server and `url`.
await using server = await FaktoryServer.start({ port: 0 });
const { url } = server;
await using producer = await Producer.connect({ url });
const { failed } = await producer.enqueueMany(
  images.map((name) => ({ type: "hash", args: [resolve(folder, name)], retry: 0 })),
);
for (const error of failed.values()) throw error;

// One thread per core. The consumer fetches no more jobs than there are threads.
await using hash = isolated<[path: string]>(new URL("./hash.ts", import.meta.url));
const consumer = new Consumer({ url, concurrency: 100 });
consumer.register("hash", hash);
consumer.use(async ({ args: [path] }, _context, next) => {
  console.log(`${await next()}  ${path}`);
});
consumer.on("fail", ({ job, error }) => console.error(`${job.args[0]}: ${error}`));

const report = await consumer.runToCompletion();
console.log(`${report.done} hashed, ${report.failed} failed`);
