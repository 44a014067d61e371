/**
 * BullMQ with Redis, with the settings of its guide to production and finished jobs removed; and
 * bunqueue, which has the same interface, with its own server.
 */

import process from "node:process";
import { background, callers, Counter, load, LoneJobs, measureWindow, perform } from "./measure.ts";

const { url } = JSON.parse(process.argv[2]);
const isRedis = url.startsWith("redis:");
const { Queue, Worker } = await load(isRedis ? "bullmq" : "bunqueue/client");

const DATA = [1, "two"];
const CHUNK = 1000;
const options = { removeOnComplete: true, removeOnFail: true };

const { hostname: host, port } = new URL(url);

/** BullMQ has clients of its own made; a worker's must retry for ever. */
async function connect() {
  if (!isRedis) return { host, port: Number(port) };
  const { Redis } = await load("ioredis");
  return new Redis({ host, port: Number(port), maxRetriesPerRequest: null });
}

const queueOf = async (task) => new Queue(task.queue, { connection: await connect() });

/** BullMQ has no more options for throughput; bunqueue's page on options has these. */
const pulling = isRedis ? {} : { batchSize: 100, pollTimeout: 5000 };

function addBulk(queue, count) {
  const jobs = Array.from({ length: count }, () => ({ name: "bench", data: DATA, opts: options }));
  return queue.addBulk(jobs);
}

async function consume(task, handle) {
  const run = async () => {
    await undefined;
    handle();
  };
  const { concurrency, queue } = task;
  const worker = new Worker(queue, run, { connection: await connect(), concurrency, ...pulling });
  worker.on("error", (error) => background(Promise.reject(error)));
  await worker.waitUntilReady();
}

perform({
  async enqueue(task) {
    const [queue, counter] = [await queueOf(task), new Counter()];
    callers(task.concurrency, async () => {
      await queue.add("bench", DATA, options);
      counter.add();
    });
    return await measureWindow(counter, task);
  },
  async many(task) {
    const [queue, counter] = [await queueOf(task), new Counter()];
    callers(1, async () => {
      await addBulk(queue, task.jobs);
      counter.add(task.jobs);
    });
    return await measureWindow(counter, task);
  },
  async consume(task) {
    const [queue, counter] = [await queueOf(task), new Counter()];
    for (let left = task.jobs; left > 0; left -= CHUNK) await addBulk(queue, CHUNK);
    await consume(task, () => counter.add());
    return await measureWindow(counter, task, task.jobs);
  },
  async latency(task) {
    const [queue, jobs] = [await queueOf(task), new LoneJobs()];
    await consume(task, () => jobs.arrived());
    return await jobs.measure(task, () => queue.add("bench", DATA, options));
  },
});
