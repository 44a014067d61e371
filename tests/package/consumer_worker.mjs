/** Tests a consumer in workerd, and the example that runs jobs by a Cron Trigger. */

import { Consumer, Producer } from "@faktory-ts/faktory";
import { equal } from "./worker_tests.mjs";

const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const testsWith = (example) => ({
  async "runs all jobs, and ends"({ FAKTORY_URL: url }) {
    await using producer = await Producer.connect({ url });
    const total = 201;
    await producer.enqueueMany(
      Array.from({ length: total }, (_, n) => ({ type: "x", args: [n], queue: "all" })),
    );
    let connections = 0;
    const ran = new Set();
    const consumer = new Consumer({ url, queues: ["all"] });
    consumer.register("x", async ({ args: [n] }) => {
      ran.add(n);
      if (n % 50 !== 0) return;
      const { server } = await producer.info();
      connections = Math.max(connections, server.connections);
    });
    const { reason, done, failed, unfinished } = await consumer.runToCompletion({ maxMs: 20_000 });
    equal([reason, done, failed, unfinished, ran.size], ["empty", total, 0, [], total]);
    // Two of the consumer, and one of the producer.
    equal(connections, 3);
    const { sets, queues } = await producer.info();
    equal([sets.working, sets.retries, queues.all], [0, 0, 0]);
  },

  async "stops at maxMs, and keeps no job"({ FAKTORY_URL: url }) {
    await using producer = await Producer.connect({ url });
    const total = 2000;
    await producer.enqueueMany(
      Array.from({ length: total }, (_, n) => ({ type: "x", args: [n], queue: "timed" })),
    );
    let ran = 0;
    const consumer = new Consumer({ url, queues: ["timed"] });
    consumer.register("x", async () => {
      await rest(20);
      ran++;
    });
    const before = Date.now();
    const { reason, done, unfinished } = await consumer.runToCompletion({ maxMs: 500 });
    const ms = Date.now() - before;
    equal([reason, done], ["time", ran]);
    equal(ms >= 450 && ms < 10_000, true);
    // A job that arrives at the end of the time is requeued without a run.
    const { sets, queues } = await producer.info();
    const back = unfinished.length;
    equal([sets.working, sets.retries, queues.timed], [0, back, total - ran - back]);
    equal(ran > 0 && ran < total, true);
  },

  async "requeues a job that does not end"({ FAKTORY_URL: url }) {
    await using producer = await Producer.connect({ url });
    const before = (await producer.info()).sets;
    const jid = await producer.enqueue("stuck", [], { queue: "stuck" });
    const consumer = new Consumer({ url, queues: ["stuck"] });
    consumer.register("stuck", () => new Promise(() => {}));
    const { unfinished } = await consumer.runToCompletion({ maxMs: 100, graceMs: 100 });
    equal(unfinished.map((job) => job.jid), [jid]);
    const { retries, working } = (await producer.info()).sets;
    equal([working, retries - before.retries], [0, 1]);
  },

  async "the example runs jobs for each time of its trigger"(env) {
    await using producer = await Producer.connect({ url: env.FAKTORY_URL });
    await producer.enqueueMany(
      Array.from({ length: 20 }, (_, n) => ({ type: "welcome", args: [n], queue: "mail" })),
    );
    await example.scheduled({ cron: "* * * * *", scheduledTime: Date.now() }, env);
    const { sets, queues } = await producer.info();
    equal([sets.working, queues.mail], [0, 0]);
  },
});
