import {
  Consumer,
  type Handler,
  type HandlerOptions,
  type Job,
  type JobFailure,
  type JobOptions,
  Producer,
} from "../../mod.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** A set's size, or a queue's, minus its size before the test. */
export interface Growth {
  readonly scheduled: number;
  readonly retries: number;
  readonly dead: number;
  readonly working: number;
  readonly waiting: number;
}

/** The job no longer exists. */
export const NONE: Growth = { scheduled: 0, retries: 0, dead: 0, working: 0, waiting: 0 };

/**
 * Creates one job on a new queue, a consumer of that queue, and a record of its handler's calls.
 */
export async function oneJob(
  subject: Subject,
  { handlerOptions = {}, ...options }: JobOptions & { handlerOptions?: HandlerOptions },
  handler: Handler,
) {
  const producer = await Producer.connect({ url: subject.url });
  const queue = freshQueue();
  const before = (await producer.info()).sets;
  const jid = await producer.enqueue("x", [1], { queue, ...options });
  const consumer = new Consumer({ url: subject.url, queues: [queue], concurrency: 1 });
  const runs: { attempt: number; failure: JobFailure | undefined; job: Job }[] = [];
  consumer.register("x", (job, context) => {
    runs.push({ attempt: context.attempt, failure: job.failure, job });
    return handler(job, context);
  }, handlerOptions);
  return {
    producer,
    consumer,
    runs,
    jid,
    queue,
    async growth(): Promise<Growth> {
      const { sets, queues } = await producer.info();
      const { scheduled, retries, dead, working } = sets;
      return {
        scheduled: scheduled - before.scheduled,
        retries: retries - before.retries,
        dead: dead - before.dead,
        working: working - before.working,
        waiting: queues[queue] ?? 0,
      };
    },
    async [Symbol.asyncDispose]() {
      for (const set of [producer.sets.scheduled, producer.sets.retries, producer.sets.dead]) {
        await set.discard({ jids: [jid] });
      }
      await producer.queues.remove(queue);
      await producer.close();
    },
  };
}
