/**
 * BullMQ with Redis, with the settings of its guide to production and finished jobs removed; and
 * bunqueue, which has the same interface, with its own server.
 */

import process from "node:process";
import { background, load, perform, worksOf } from "./measure.ts";

const { url } = JSON.parse(process.argv[2]);
const isRedis = url.startsWith("redis:");
const { Queue, Worker } = await load(isRedis ? "bullmq" : "bunqueue/client");

const DATA = [1, "two"];
const OPTIONS = { removeOnComplete: true, removeOnFail: true };

const { hostname: host, port } = new URL(url);

/** A client of BullMQ. Without `maxRetriesPerRequest: null`, BullMQ refuses it for a worker. */
async function connection() {
  if (!isRedis) return { host, port: Number(port) };
  const { Redis } = await load("ioredis");
  return new Redis({ host, port: Number(port), maxRetriesPerRequest: null });
}

/** BullMQ has no more options for throughput; bunqueue's page on options has these. */
const PULLING = isRedis ? {} : { batchSize: 100, pollTimeout: 5000 };

perform(worksOf({
  fills: true,
  async connect(task) {
    const queue = new Queue(task.queue, { connection: await connection() });
    const job = () => ({ name: "bench", data: DATA, opts: OPTIONS });
    return {
      enqueue: () => queue.add("bench", DATA, OPTIONS),
      enqueueMany: (count) => queue.addBulk(Array.from({ length: count }, job)),
    };
  },
  async consume({ queue, concurrency }, handle) {
    const run = async () => {
      await undefined;
      handle();
    };
    const options = { connection: await connection(), concurrency, ...PULLING };
    const worker = new Worker(queue, run, options);
    worker.on("error", (error) => background(Promise.reject(error)));
    await worker.waitUntilReady();
  },
}));
