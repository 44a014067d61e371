/** The npm package `faktory-worker`. */

import module from "faktory-worker";
import type { Measurement, Task } from "../task.ts";
import {
  begin,
  callers,
  Counter,
  LoneJobs,
  measureWaves,
  measureWindow,
  perform,
} from "./measure.ts";

// The package is CommonJS: its types have a `default`, which at run time is the module itself.
const faktory = module as unknown as typeof module.default;
type Client = Awaited<ReturnType<typeof faktory.connect>>;

/** Jobs in a bulk push, as the package advises. */
const BATCH = 1000;

function jobFor(client: Client, { keepsJobs, queue }: Task) {
  const job = client.job("bench", 1, "two");
  if (!keepsJobs) return job;
  job.queue = queue;
  job.retry = 0;
  job.reserveFor = 60;
  return job;
}

async function consume(task: Task, handle: () => void): Promise<void> {
  const { url, queue, concurrency } = task;
  faktory.register("bench", async () => {
    await undefined;
    handle();
  });
  await faktory.work({ url, concurrency, queues: [queue] });
}

async function pushMany(client: Client, task: Task, count: number): Promise<void> {
  const jobs = Array.from({ length: count }, () => jobFor(client, task));
  const rejected = Object.keys(await client.pushBulk(jobs)).length;
  if (rejected > 0) throw new Error(`${rejected} jobs were rejected`);
}

async function stream(task: Task): Promise<Measurement> {
  const client = await faktory.connect({ url: task.url });
  const end = begin();
  for (let left = task.jobs!; left > 0; left -= BATCH) {
    await pushMany(client, task, Math.min(BATCH, left));
  }
  return end(task.jobs!);
}

perform({
  async enqueue(task) {
    const client = await faktory.connect({ url: task.url });
    const counter = new Counter();
    callers(task.concurrency, async () => {
      await jobFor(client, task).push();
      counter.add();
    });
    return await measureWindow(counter, task);
  },
  async many(task) {
    const client = await faktory.connect({ url: task.url });
    const counter = new Counter();
    callers(1, async () => {
      await pushMany(client, task, task.jobs!);
      counter.add(task.jobs!);
    });
    return await measureWindow(counter, task);
  },
  stream,
  async consume(task) {
    const counter = new Counter();
    await consume(task, () => counter.add());
    return await measureWindow(counter, task, task.jobs);
  },
  async latency(task) {
    const client = await faktory.connect({ url: task.url });
    const jobs = new LoneJobs();
    await consume(task, () => jobs.arrived());
    return await jobs.measure(task, () => jobFor(client, task).push());
  },
  async pending(task) {
    const client = await faktory.connect({ url: task.url });
    return await measureWaves(task, (jobs) => {
      const calls = new Array<Promise<unknown>>(jobs);
      for (let i = 0; i < jobs; i++) calls[i] = jobFor(client, task).push();
      return Promise.all(calls);
    });
  },
});
