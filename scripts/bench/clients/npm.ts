/** The npm package `faktory-worker` at work, until it is measured. */

import module from "faktory-worker";
import type { Measurement, Task } from "../task.ts";
import { begin, Counter, measureWaves, measureWindow } from "./measure.ts";
import { Pace } from "./pace.ts";
import { background, callers, perform } from "./perform.ts";

// The package is CommonJS whose types speak of a default that its code is itself.
const faktory = module as unknown as typeof module.default;
type Client = Awaited<ReturnType<typeof faktory.connect>>;

/** Jobs that the package advises to push at once. */
const BATCH = 1000;

function jobFor(client: Client, { isPassing, queue }: Task, ...args: unknown[]) {
  const job = client.job("bench", ...args);
  if (!isPassing) return job;
  job.queue = queue;
  job.retry = 0;
  job.reserveFor = 60;
  return job;
}

async function consume(task: Task, handle: (arg: unknown) => void): Promise<void> {
  const { url, queue, concurrency } = task;
  faktory.register("bench", async (arg: unknown) => {
    await undefined;
    handle(arg);
  });
  await faktory.work({ url, concurrency, queues: [queue] });
}

async function pushMany(client: Client, task: Task, count: number): Promise<void> {
  const jobs = Array.from({ length: count }, () => jobFor(client, task, 1, "two"));
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
      await jobFor(client, task, 1, "two").push();
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
    const pace = new Pace(task);
    await consume(task, (number) => pace.arrived(number as number));
    return await pace.measure((number) => background(jobFor(client, task, number).push()));
  },
  async pending(task) {
    const client = await faktory.connect({ url: task.url });
    return await measureWaves(task, (jobs) => {
      const calls = new Array<Promise<unknown>>(jobs);
      for (let i = 0; i < jobs; i++) calls[i] = jobFor(client, task, 1, "two").push();
      return Promise.all(calls);
    });
  },
});
