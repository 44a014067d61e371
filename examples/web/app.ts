/** The web application: `POST /welcome` enqueues a job, `GET /` shows how many jobs wait. */

import { FaktoryError, type Producer } from "@faktory-ts/faktory";
import { Hono } from "hono";
import { html } from "hono/html";
import type { jobs } from "./jobs.ts";

export function makeApp(producer: Producer<typeof jobs>): Hono {
  const app = new Hono();

  app.post("/welcome", async (context) => {
    const { name } = await context.req.json<{ name?: unknown }>().catch(() => ({
      name: undefined,
    }));
    if (typeof name !== "string" || name === "") {
      return context.json({ error: 'send {"name": "Ada"}' }, 400);
    }
    const jid = await producer.enqueue("welcome", [name]);
    return context.json({ jid }, 202);
  });

  app.get("/", async (context) => {
    const { queues, sets, totals } = await producer.info();
    return context.html(html`
      <h1>Jobs</h1>
      <p>${queues["mail"] ?? 0} wait, ${sets.working} run, ${sets.retries} will be retried,
        ${totals.processed} were run.</p>
    `);
  });

  // During an outage of Faktory, the job was not accepted: the client may try again.
  app.onError((error, context) => {
    if (!(error instanceof FaktoryError)) throw error;
    return context.json({ error: error.message, code: error.code }, 503);
  });

  return app;
}
