/** A Worker that runs jobs: each minute, a Cron Trigger starts it for 50 seconds at most. */

import { Consumer } from "@faktory-ts/faktory";

/** Variables from `wrangler.jsonc` and its secrets. */
interface Env {
  /** For example `tcp+tls://jobs.example.com:7419`. */
  readonly FAKTORY_URL: string;
  /** A secret: `npx wrangler secret put FAKTORY_PASSWORD`. */
  readonly FAKTORY_PASSWORD?: string;
}

export default {
  async scheduled(_controller: unknown, env: Env): Promise<void> {
    const consumer = new Consumer({
      url: env.FAKTORY_URL,
      password: env.FAKTORY_PASSWORD,
      queues: ["mail"],
    });
    consumer.register("welcome", async (job) => {
      // Send the mail here: `await fetch(..)`.
      await Promise.resolve(job.args);
    });
    // Ends when the queue is empty, or after 50 seconds: before the next trigger.
    const { reason, done, failed } = await consumer.runToCompletion({ maxMs: 50_000 });
    console.log(`${reason}: ${done} done, ${failed} failed`);
  },
};
