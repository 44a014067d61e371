import type { Context } from "hono";
import { Hono } from "hono/tiny";
import { bodyLimit } from "hono/body-limit";
import { FaktoryError, InvalidArgumentError, ServerError, ServerShutdownError } from "../errors.ts";
import { PROMETHEUS_TYPE } from "../health/prometheus.ts";
import { formatServerStats } from "../health/server_metrics.ts";
import { api, errorResponse } from "./api.ts";
import { icon } from "./assets/icon.ts";
import { script } from "./assets/script.ts";
import { style } from "./assets/style.ts";
import { Access } from "./security/access.ts";
import { changeJob, changeJobs, changeQueue, changeWorker, type Outcome } from "./changes.ts";
import { LiveEvents } from "./events.ts";
import type { Settings } from "./options.ts";
import { batchesPage } from "./pages/batches.ts";
import { jobPage } from "./pages/job.ts";
import { jobsPage } from "./pages/jobs.ts";
import { messagePage } from "./pages/others.ts";
import { overviewPage } from "./pages/overview.ts";
import { queuesPage } from "./pages/queues.ts";
import { recurringPage } from "./pages/recurring.ts";
import { workersPage } from "./pages/workers.ts";
import { workflowsPage } from "./pages/workflows.ts";
import { Rates } from "./rates.ts";
import { addressOf } from "./security/address.ts";
import { isAllowedHost, isOwnOrigin, SECURITY_HEADERS } from "./security/request_checks.ts";
import { ServerClosed, type Source } from "./source.ts";
import type { Html } from "./view/html.ts";
import type { Visit } from "./view/visit.ts";

/** Maximum size of a request's body, in bytes. */
const MAX_BODY = 1024 * 1024;

/** Maximum number of queues in the metrics. */
const MAX_QUEUES = 1000;

/** Creates the handler of a dashboard. */
export function app(
  source: Source,
  settings: Settings,
): (request: Request, connection?: unknown) => Promise<Response> {
  const { base, trustProxy } = settings;
  const rates = new Rates(settings.clock);
  const events = new LiveEvents(source, settings, rates);
  const access = new Access(settings);
  const root = new Hono();
  const hono = base === "" ? root : root.basePath(base);

  const open = async () => ({ source, inspection: await source.inspection() });
  const visitOf = async (context: Context): Promise<Visit> => ({
    ...await open(),
    ...{ settings, rates, query: new URL(context.req.url).searchParams },
    now: settings.clock.now(),
  });
  const shows = (page: (visit: Visit) => Promise<Html>) => async (context: Context) =>
    context.html(await page(await visitOf(context)));
  const changes =
    (change: (visit: Visit, form: URLSearchParams) => Promise<Outcome>) =>
    async (context: Context) => {
      const form = new URLSearchParams(await context.req.text());
      const outcome = await change(await visitOf(context), form);
      return "page" in outcome
        ? context.html(outcome.page)
        : context.redirect(outcome.location, 303);
    };

  root.use(async (context, next) => {
    await next();
    // The headers of some responses are immutable.
    const { res } = context;
    context.res = new Response(res.body, res);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      context.res.headers.set(name, value);
    }
    if (!context.res.headers.has("cache-control")) {
      context.res.headers.set("cache-control", "no-store");
    }
  });
  root.use(async (context, next) => {
    const { raw } = context.req;
    if (!isAllowedHost(raw, settings.hosts, trustProxy)) {
      return context.text(
        "The dashboard has no such host name. Allow it by the option hosts or the flag --web-name.",
        403,
      );
    }
    if (raw.method !== "GET" && raw.method !== "HEAD") {
      if (raw.method !== "POST") return context.text("Only GET and POST are allowed.", 405);
      if (!isOwnOrigin(raw, trustProxy)) {
        return context.text(
          "Another site may not change anything. Behind a proxy, see docs/dashboard.md.",
          403,
        );
      }
    }
    return await next();
  });
  root.use(bodyLimit({
    maxSize: MAX_BODY,
    onError: () => new Response("The request is too large.", { status: 413 }),
  }));

  const asset = (text: string, type: string) => () =>
    new Response(text, { headers: { "content-type": type, "cache-control": "max-age=300" } });
  hono.get("/assets/style.css", asset(style, "text/css; charset=utf-8"));
  hono.get("/assets/script.js", asset(script, "text/javascript; charset=utf-8"));
  hono.get("/assets/icon.svg", asset(icon, "image/svg+xml"));
  hono.get("/health", async (context) => {
    const { raw, server } = await source.info();
    const { description, version, connections, commandCount } = server;
    return context.json({
      now: raw["now"] ?? new Date(settings.clock.now()).toISOString(),
      server: {
        ...{ description, faktory_version: version, connections, command_count: commandCount },
      },
    });
  });

  access.protect(hono);
  root.use(async (context, next) => {
    if (!settings.readOnly || context.req.method !== "POST") return await next();
    return isApi(context, base)
      ? errorResponse(403, "READ_ONLY", "the dashboard is read-only")
      : context.html(
        messagePage({ settings }, "Read only", "This dashboard changes nothing."),
        403,
      );
  });

  hono.get("/", shows(overviewPage));
  hono.get("/queues", shows(queuesPage));
  hono.get("/queue", shows((visit) => jobsPage(visit, "queue")));
  hono.get("/working", shows((visit) => jobsPage(visit, "working")));
  for (const set of ["scheduled", "retries", "dead"] as const) {
    hono.get(`/${set}`, shows((visit) => jobsPage(visit, set)));
    hono.post(`/${set}`, changes((visit, form) => changeJobs(visit, set, form)));
  }
  hono.get("/job", async (context) => {
    const { html, found } = await jobPage(await visitOf(context));
    return context.html(html, found ? 200 : 404);
  });
  hono.get("/workers", shows(workersPage));
  hono.get("/recurring", shows(recurringPage));
  hono.get("/workflows", shows(workflowsPage));
  hono.get("/batches", shows(batchesPage));
  hono.post("/queue", changes((visit, form) => changeJobs(visit, "queue", form)));
  hono.post("/queues", changes(changeQueue));
  hono.post("/job", changes(changeJob));
  hono.post("/workers", changes(changeWorker));
  hono.get(
    "/events",
    (context) => context.req.raw.method === "HEAD" ? context.body(null) : events.response(),
  );
  hono.get("/stats", async (context) => context.json((await source.info()).raw));
  hono.get("/metrics", async (context) => {
    const [info, { queues, total, jobs }] = await Promise.all([
      source.info(),
      source.queues({ order: "size", limit: MAX_QUEUES }),
    ]);
    const shown = queues.reduce((sum, { size }) => sum + size, 0);
    const others = { queues: total - queues.length, size: jobs - shown };
    const text = formatServerStats({ ...info, queues, others });
    return context.body(text, 200, { "content-type": PROMETHEUS_TYPE });
  });
  hono.route("/api", api(open));

  root.notFound((context) => {
    const text = "There is no such page.";
    return isApi(context, base)
      ? errorResponse(404, "NOT_FOUND", "no such address")
      : context.html(messagePage({ settings }, "Not found", text), 404);
  });
  root.onError((error, context) => {
    const { status, code, title, message } = explain(error, settings);
    return isApi(context, base)
      ? errorResponse(status, code, message)
      : context.html(messagePage({ settings }, title, message), status);
  });
  return async (request, connection) =>
    await root.fetch(request, { address: addressOf(request, connection, trustProxy) });
}

/** Maximum length of an error's message, which may quote what a visitor has sent. */
const MAX_MESSAGE = 500;

interface Explained {
  readonly status: 400 | 500 | 503;
  readonly code: string;
  readonly title: string;
  readonly message: string;
}

/** Describes an error to a visitor: by its message, or not at all if it is an unexpected one. */
function explain(error: unknown, { onError }: Settings): Explained {
  if (error instanceof InvalidArgumentError) {
    return { status: 400, code: error.code, title: "Invalid request", message: cut(error.message) };
  }
  if (error instanceof ServerError && !(error instanceof ServerShutdownError)) {
    const message = cut(`The server replied: ${error.reply}`);
    return { status: 400, code: error.code, title: "Refused by the server", message };
  }
  if (error instanceof ServerClosed || error instanceof FaktoryError) {
    const message = "The Faktory server does not respond. Reload the page to try again.";
    return { status: 503, code: "SERVER_UNAVAILABLE", title: "Server unavailable", message };
  }
  onError(error);
  const message = "Something went wrong in the dashboard.";
  return { status: 500, code: "INTERNAL", title: "Something went wrong", message };
}

function cut(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE).toWellFormed()}…`;
}

function isApi(context: Context, base: string): boolean {
  return context.req.path.startsWith(`${base}/api/`);
}
