/** This package with its default options, and with middleware and listeners on both sides. */

import { Consumer, type JobInput, Producer } from "../../../mod.ts";
import type { Task } from "../task.ts";
import { background, begin, perform, worksOf } from "./measure.ts";

const PRODUCER_EVENTS = ["disconnect", "reconnect", "warning", "listenerError"] as const;
const CONSUMER_EVENTS = [
  ...["start", "done", "fail", "discard", "snooze", "requeued", "unreported", "expired"] as const,
  ...["fetchError", "state", "disconnect", "reconnect", "lag", "warning"] as const,
  "listenerError" as const,
];

/** Counted by middleware and listeners, so that they are not compiled away. */
let calls = 0;

async function producerFor({ url }: Task): Promise<Producer> {
  const producer = await Producer.connect({ url });
  producer.use((_job, next) => {
    calls++;
    return next();
  });
  for (const event of PRODUCER_EVENTS) producer.on(event, () => calls++);
  return producer;
}

/** Jobs that are still running when this process ends must not come back. */
function fieldsFor({ keepsJobs, queue }: Task) {
  return keepsJobs ? { queue, retry: 0, reserveFor: 60 } : undefined;
}

function jobFor(task: Task): () => JobInput {
  const fields = fieldsFor(task);
  return () => ({ ...fields, type: "bench", args: [1, "two"] });
}

perform({
  ...worksOf({
    async connect(task) {
      const producer = await producerFor(task);
      const [fields, job] = [fieldsFor(task), jobFor(task)];
      return {
        enqueue: () => producer.enqueue("bench", [1, "two"], fields),
        async enqueueMany(count) {
          const { failed } = await producer.enqueueMany(Array.from({ length: count }, job));
          for (const error of failed.values()) throw error;
        },
      };
    },
    consume({ url, queue, concurrency }, handle) {
      const consumer = new Consumer({ url, concurrency, queues: [queue] });
      consumer.use(async (_job, _context, next) => {
        calls++;
        await next();
      });
      for (const event of CONSUMER_EVENTS) consumer.on(event, () => calls++);
      consumer.register("bench", async () => {
        await undefined;
        handle();
      });
      background(consumer.run());
      return Promise.resolve();
    },
  }),
  async stream(task) {
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
  },
});
