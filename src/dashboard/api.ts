import { Hono } from "hono/tiny";
import { InvalidArgumentError } from "../errors.ts";
import type { JobQuery, QueueQuery, SetSelection } from "../inspect/types.ts";
import { filtersOf } from "./pages/jobs.ts";
import type { Inspection, JobAction, QueueAction, Source } from "./source.ts";
import { findWorkflows } from "./workflows.ts";

/** The server that the API works on. */
export interface ApiContext {
  readonly source: Source;
  readonly inspection: Inspection | undefined;
}

/** Creates the JSON API. */
export function api(open: () => Promise<ApiContext>): Hono {
  const app = new Hono();
  app.get("/info", async (context) => context.json(await (await open()).source.info()));
  app.get("/queues", async (context) => {
    const { searchParams } = new URL(context.req.url);
    return context.json(await (await open()).source.queues(queueQueryOf(searchParams)));
  });
  app.get("/jobs", async (context) => {
    const inspection = embedded(await open());
    return context.json(await inspection.jobs(queryOf(new URL(context.req.url).searchParams)));
  });
  app.get("/job", async (context) => {
    const job = await embedded(await open()).job(context.req.query("jid") ?? "");
    return job === undefined ? errorResponse(404, "NOT_FOUND", "no such job") : context.json(job);
  });
  app.get("/attempts", async (context) => {
    const jid = context.req.query("jid") ?? "";
    return context.json(await embedded(await open()).attempts(jid));
  });
  app.get("/workflows", async (context) => {
    const opened = await open();
    const id = context.req.query("id") || undefined;
    return context.json(await findWorkflows(opened.source, embedded(opened), id));
  });
  for (const name of ["workers", "history", "batches", "recurring"] as const) {
    app.get(`/${name}`, async (context) => context.json(await embedded(await open())[name]()));
  }
  for (const action of ["retry", "kill", "discard"] as const) {
    app.post(`/jobs/${action}`, async (context) => {
      const jobs = await change(await open(), action, await bodyOf(context.req.raw));
      return context.json({ jobs: jobs ?? null });
    });
  }
  app.post("/jobs/cancel", async (context) => {
    const { jid } = await bodyOf<{ jid?: unknown }>(context.req.raw);
    if (typeof jid !== "string") throw invalid("Cannot cancel a job as its jid is not a text");
    const place = await (await open()).source.cancel(jid);
    return place === undefined
      ? errorResponse(404, "NOT_FOUND", "there is nothing to cancel")
      : context.json({ jid, place });
  });
  app.post("/jobs/count", async (context) => {
    const inspection = embedded(await open());
    return context.json({ jobs: await inspection.count(await bodyOf(context.req.raw)) });
  });
  for (const action of ["pause", "resume", "remove"] as const satisfies readonly QueueAction[]) {
    app.post(`/queues/${action}`, async (context) => {
      const { name } = await bodyOf<{ name?: unknown }>(context.req.raw);
      if (typeof name !== "string") {
        throw invalid("Cannot change a queue as its name is not a text");
      }
      const isDone = await (await open()).source.changeQueue(action, name);
      return isDone === false
        ? errorResponse(404, "NOT_FOUND", "no such queue")
        : context.json({ name });
    });
  }
  for (const state of ["quiet", "terminate"] as const) {
    app.post(`/workers/${state}`, async (context) => {
      const { wid } = await bodyOf<{ wid?: unknown }>(context.req.raw);
      if (typeof wid !== "string") throw invalid("Cannot signal a worker as its wid is not a text");
      const isDone = await embedded(await open()).signal(wid, state);
      return isDone ? context.json({ wid }) : errorResponse(404, "NOT_FOUND", "no such worker");
    });
  }
  return app;
}

/** Makes the response of an error. */
export function errorResponse(status: number, code: string, message: string): Response {
  return Response.json({ error: { code, message } }, { status });
}

function numberOf(parameters: URLSearchParams, name: string): number | undefined {
  const value = parameters.get(name);
  return value === null ? undefined : Number(value);
}

function queueQueryOf(parameters: URLSearchParams): QueueQuery {
  return {
    name: parameters.get("name") ?? undefined,
    text: parameters.get("text") ?? undefined,
    order: (parameters.get("order") ?? undefined) as QueueQuery["order"],
    offset: numberOf(parameters, "offset"),
    limit: numberOf(parameters, "limit"),
  };
}

function queryOf(parameters: URLSearchParams): JobQuery {
  const number = (name: string) => numberOf(parameters, name);
  return {
    ...filtersOf(parameters),
    set: (parameters.get("set") ?? undefined) as JobQuery["set"],
    sort: (parameters.get("sort") ?? undefined) as JobQuery["sort"],
    newestFirst: parameters.get("order") === "newest",
    ...{ offset: number("offset"), limit: number("limit"), maxArgs: number("maxArgs") },
  };
}

async function bodyOf<T = SetSelection>(request: Request): Promise<T> {
  let body: unknown;
  try {
    body = await request.json();
  } catch {
    // The error follows below.
  }
  if (typeof body === "object" && body !== null) return body as T;
  throw invalid("Cannot read the request as its body is not a JSON object");
}

function change(
  { source, inspection }: ApiContext,
  action: JobAction,
  selection: SetSelection,
): Promise<number | undefined> {
  return (inspection ?? source).change(action, selection);
}

function embedded({ inspection }: ApiContext): Inspection {
  if (inspection !== undefined) return inspection;
  throw invalid("Cannot inspect jobs as this server does not list them over its protocol");
}

function invalid(message: string): InvalidArgumentError {
  return new InvalidArgumentError("INVALID_ARGUMENT", message);
}
