/** This package with its default options, and with middleware and listeners on both sides. */

import { Consumer, type JobInput, Producer } from "../../../mod.ts";
import type { Measurement, Task } from "../task.ts";
import {
  background,
  begin,
  callers,
  Counter,
  LoneJobs,
  measureWaves,
  measureWindow,
  perform,
} from "./measure.ts";

const PRODUCER_EVENTS = ["disconnect", "reconnect", "warning", "listenerError"] as const;
const CONSUMER_EVENTS = [
  ...["start", "done", "fail", "discard", "snooze", "requeued", "unreported", "expired"] as const,
  ...["fetchError", "state", "disconnect", "reconnect", "lag", "warning"] as const,
  "listenerError" as const,
];

/** Counted by middleware and listeners, so that they are not compiled away. */
let passed = 0;

async function producerFor({ url }: Task): Promise<Producer> {
  const producer = await Producer.connect({ url });
  producer.use((_job, next) => {
    passed++;
    return next();
  });
  for (const event of PRODUCER_EVENTS) producer.on(event, () => passed++);
  return producer;
}

function consume({ url, queue, concurrency }: Task, handle: () => void) {
  const consumer = new Consumer({ url, concurrency, queues: [queue] });
  consumer.use(async (_job, _context, next) => {
    passed++;
    await next();
  });
  for (const event of CONSUMER_EVENTS) consumer.on(event, () => passed++);
  consumer.register("bench", async () => {
    await undefined;
    handle();
  });
  background(consumer.run());
}

/** Jobs that are still running when this process ends must not come back. */
function fieldsFor({ keepsJobs, queue }: Task) {
  return keepsJobs ? { queue, retry: 0, reserveFor: 60 } : undefined;
}

function jobFor(task: Task): () => JobInput {
  const fields = fieldsFor(task);
  return () => ({ ...fields, type: "bench", args: [1, "two"] });
}

async function enqueue(task: Task): Promise<Measurement> {
  const producer = await producerFor(task);
  const counter = new Counter();
  const fields = fieldsFor(task);
  callers(task.concurrency, async () => {
    await producer.enqueue("bench", [1, "two"], fields);
    counter.add();
  });
  return await measureWindow(counter, task);
}

async function enqueueMany(task: Task): Promise<Measurement> {
  const producer = await producerFor(task);
  const counter = new Counter();
  const job = jobFor(task);
  callers(1, async () => {
    const jobs = Array.from({ length: task.jobs! }, job);
    const { enqueued, failed } = await producer.enqueueMany(jobs);
    for (const error of failed.values()) throw error;
    counter.add(enqueued.length);
  });
  return await measureWindow(counter, task);
}

async function stream(task: Task): Promise<Measurement> {
  const producer = await producerFor(task);
  const job = jobFor(task);
  let left = task.jobs!;
  const jobs = new ReadableStream<JobInput>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(job());
      else controller.close();
    },
  });
  const end = begin();
  await jobs.pipeTo(producer.writable());
  return end(task.jobs!);
}

async function pending(task: Task): Promise<Measurement> {
  const producer = await producerFor(task);
  return await measureWaves(task, (jobs) => {
    const calls = new Array<Promise<string>>(jobs);
    for (let i = 0; i < jobs; i++) calls[i] = producer.enqueue("bench", [1, "two"]);
    return Promise.all(calls);
  });
}

async function latency(task: Task): Promise<Measurement> {
  const producer = await producerFor(task);
  const fields = fieldsFor(task);
  const jobs = new LoneJobs();
  consume(task, () => jobs.arrived());
  return await jobs.measure(task, () => producer.enqueue("bench", [1, "two"], fields));
}

perform({
  enqueue,
  many: enqueueMany,
  stream,
  consume(task) {
    const counter = new Counter();
    consume(task, () => counter.add());
    return measureWindow(counter, task, task.jobs);
  },
  latency,
  pending,
});
