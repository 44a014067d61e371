/**
 * Load on BullMQ, as a program of its own: 8 producers, and a worker that runs 8 jobs at a time.
 * Prints `enqueued N`, `completing N` and `completed N`.
 */

import process from "node:process";
// @ts-ignore: installed by the program that runs this one
import { Queue, Worker } from "bullmq";
// @ts-ignore: installed by the program that runs this one
import { Redis } from "ioredis";

const [port] = process.argv.slice(2);
const connect = () => new Redis({ port: Number(port), maxRetriesPerRequest: null });
const queue = new Queue("survival", { connection: connect() });
const say = (text) => process.stdout.write(`${text}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Pause of a producer after each job: 8 producers enqueue up to 2,000 jobs a second. */
const PAUSE_MS = 4;

let made = 0;
let enqueued = 0;
let completing = 0;

async function produce() {
  while (true) {
    const job = made++;
    const options = {
      jobId: `job-${String(job).padStart(10, "0")}`,
      removeOnComplete: true,
      removeOnFail: true,
    };
    await queue.add("work", [], options);
    enqueued++;
    say(`enqueued ${job}`);
    await pause(PAUSE_MS);
  }
}

function consume() {
  const run = async (job) => {
    // A third of the jobs is left waiting, as in a queue that grows.
    while (completing * 3 >= enqueued * 2) await pause(1);
    completing++;
    say(`completing ${job.id.slice(4)}`);
  };
  const worker = new Worker("survival", run, { connection: connect(), concurrency: 8 });
  worker.on("completed", (job) => say(`completed ${job.id.slice(4)}`));
  worker.on("error", () => {});
}

queue.on("error", () => {});
consume();
for (let i = 0; i < 8; i++) produce();
