/**
 * Load on BullMQ, as a program of its own: 8 producers, and a worker that runs 8 jobs at a time.
 * Prints `enqueued N`, `completing N` and `completed N`. With `list` as second argument it prints
 * the ids of all jobs that Redis has instead.
 */

import process from "node:process";
// @ts-ignore: installed by the program that runs this one
import { Queue, Worker } from "bullmq";
// @ts-ignore: installed by the program that runs this one
import { Redis } from "ioredis";

const [port, mode] = process.argv.slice(2);
const connect = () => new Redis({ port: Number(port), maxRetriesPerRequest: null });
const queue = new Queue("survival", { connection: connect() });
const say = (text) => process.stdout.write(`${text}\n`);

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
  }
}

function consume() {
  const run = async (job) => {
    // A third of the jobs is left waiting, as in a queue that grows.
    while (completing * 3 >= enqueued * 2) await new Promise((resolve) => setTimeout(resolve, 1));
    completing++;
    say(`completing ${job.id.slice(4)}`);
  };
  const worker = new Worker("survival", run, { connection: connect(), concurrency: 8 });
  worker.on("completed", (job) => say(`completed ${job.id.slice(4)}`));
  worker.on("error", () => {});
}

if (mode === "list") {
  const jobs = await queue.getJobs(["waiting", "active", "delayed", "prioritized", "paused"]);
  for (const job of jobs) if (job !== undefined) say(job.id);
  process.exit(0);
}
queue.on("error", () => {});
consume();
for (let i = 0; i < 8; i++) produce();
