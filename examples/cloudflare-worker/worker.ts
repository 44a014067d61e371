/** A Worker that enqueues: `POST /resize?path=cat.png&width=320` answers with the job's id. */

import { FaktoryError, InvalidJobError, Producer } from "@faktory-ts/faktory/edge";

/** Variables from `wrangler.jsonc` and its secrets. */
interface Env {
  /** For example `tcp+tls://jobs.example.com:7419`. */
  readonly FAKTORY_URL: string;
  /** A secret: `npx wrangler secret put FAKTORY_PASSWORD`. */
  readonly FAKTORY_PASSWORD?: string;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method !== "POST" || pathname !== "/resize") {
      return Response.json({ error: "POST /resize?path=cat.png&width=320" }, { status: 404 });
    }
    try {
      // A connection belongs to the request that opened it, so each request has its own producer.
      await using producer = await Producer.connect({
        url: env.FAKTORY_URL,
        password: env.FAKTORY_PASSWORD,
      });
      const args = [searchParams.get("path") ?? "", Number(searchParams.get("width"))];
      const jid = await producer.enqueue("resize", args, { queue: "images" });
      return Response.json({ jid }, { status: 202 });
    } catch (error) {
      if (!(error instanceof FaktoryError)) throw error;
      const status = error instanceof InvalidJobError ? 400 : 503;
      return Response.json({ error: error.message, code: error.code }, { status });
    }
  },
};
