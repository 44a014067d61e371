/** The web server: one producer for all requests, and a stop that answers open requests. */

import process from "node:process";
import { Producer } from "@faktory-ts/faktory";
import { serve } from "@hono/node-server";
import { makeApp } from "./app.ts";
import { jobs } from "./jobs.ts";

const producer = await Producer.connect({ jobs });
const app = makeApp(producer);
const port = Number(process.env["PORT"] ?? 3000);
const server = serve(
  { fetch: app.fetch, port, hostname: "127.0.0.1" },
  ({ port }) => console.log(`http://127.0.0.1:${port}`),
);

process.once("SIGTERM", stop);
process.once("SIGINT", stop);

/** Accepts no more requests, answers the open ones, then waits until each job is confirmed. */
function stop(): void {
  server.close(async () => {
    await producer.close();
    console.log("the web server has stopped");
  });
  // Browsers keep connections open without a request: do not wait for these.
  setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), 2000).unref();
}
