/** A web server with Express: `POST /welcome` enqueues a job, `/jobs` is the dashboard. */

import process from "node:process";
import { FaktoryError, Producer } from "@faktory-ts/faktory";
import { dashboard, nodeListener } from "@faktory-ts/faktory/dashboard";
import express, { type NextFunction, type Request, type Response } from "express";
import { jobs } from "./jobs.ts";

// One producer for all requests.
const producer = await Producer.connect({ jobs });
const app = express();
app.use("/jobs", nodeListener(dashboard(producer, { basePath: "/jobs" })));

app.post("/welcome", express.json(), async (request: Request, response: Response) => {
  const { name } = request.body ?? {};
  if (typeof name !== "string") {
    response.status(400).json({ error: 'send {"name": "Ada"}' });
    return;
  }
  const jid = await producer.enqueue("welcome", [name]);
  response.status(202).json({ jid });
});

// During an outage of Faktory, the job was not accepted: the client may try again.
app.use((error: Error, _request: Request, response: Response, next: NextFunction) => {
  if (!(error instanceof FaktoryError)) return next(error);
  response.status(503).json({ error: error.message, code: error.code });
});

const server = app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  console.log(`http://127.0.0.1:${port}`);
});

process.once("SIGTERM", stop);
process.once("SIGINT", stop);

/** Accepts no more requests, answers the open ones, then waits until each job is confirmed. */
function stop(): void {
  server.close(async () => {
    await producer.close();
    console.log("the web server has stopped");
  });
  // Clients may keep connections open without a request: do not wait for these.
  setTimeout(() => server.closeAllConnections(), 2000).unref();
}
