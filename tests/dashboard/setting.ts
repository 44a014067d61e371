import assert from "node:assert/strict";
import { Consumer, type JobInput, Producer } from "../../mod.ts";
import {
  dashboard,
  type DashboardHandler,
  type DashboardOptions,
} from "../../src/dashboard/mod.ts";
import type { FaktoryServer, FaktoryServerOptions } from "../../src/server/mod.ts";
import { startQuick } from "../server/quick.ts";

/** The address of the dashboard. */
export const ORIGIN = "http://localhost:7420";

/** A request of a visitor. */
export interface VisitRequest {
  readonly form?: Readonly<Record<string, string | readonly string[]>>;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

/** A response to a visitor. */
export interface VisitResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Sends requests as a browser does. */
export function visitor(handler: DashboardHandler) {
  return async (
    path: string,
    { form, json, headers, method }: VisitRequest = {},
  ): Promise<VisitResponse> => {
    const fields = new URLSearchParams();
    for (const [name, value] of Object.entries(form ?? {})) {
      for (const one of typeof value === "string" ? [value] : value) fields.append(name, one);
    }
    const body = json === undefined ? form && fields : JSON.stringify(json);
    const isPost = body !== undefined;
    const response = await handler(
      new Request(`${ORIGIN}${path}`, {
        method: method ?? (isPost ? "POST" : "GET"),
        headers: { accept: "text/html", ...isPost && { origin: ORIGIN }, ...headers },
        ...isPost && { body },
      }),
    );
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
}

/** A server and its dashboard. */
export interface Setting {
  readonly server: FaktoryServer;
  readonly producer: Producer;
  readonly visit: ReturnType<typeof visitor>;
  /** Runs a job of the queue `default`, whose handler throws. */
  fail(type: string, message?: string): Promise<void>;
}

/** Calls `use` with a server that has these jobs, and with a visitor of its dashboard. */
export async function withDashboard(
  { jobs = [], options, server: serverOptions }: {
    readonly jobs?: readonly JobInput[];
    readonly options?: DashboardOptions;
    readonly server?: FaktoryServerOptions;
  },
  use: (setting: Setting) => Promise<void>,
): Promise<void> {
  const server = await startQuick(serverOptions);
  const producer = await Producer.connect({ url: server.url });
  try {
    if (jobs.length > 0) {
      const { failed } = await producer.enqueueMany(jobs);
      assert.equal(failed.size, 0, String([...failed.values()]));
    }
    await use({
      server,
      producer,
      visit: visitor(dashboard(server, options)),
      async fail(type, message = "no such picture") {
        const consumer = new Consumer({ url: server.url });
        consumer.register(type, () => {
          throw new RangeError(message);
        });
        assert(await consumer.runOne());
      },
    });
  } finally {
    await producer.close();
    await server.close();
  }
}

/** Returns the text between tags, with blanks collapsed. */
export function textOf(html: string): string {
  return html.replace(/<[^>]*>/g, " ").replaceAll("&quot;", '"').replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&").replace(/\s+/g, " ");
}

/** Returns the values of an attribute in a page. */
export function valuesOf(html: string, attribute: string): string[] {
  return [...html.matchAll(new RegExp(`\\b${attribute}="([^"]*)"`, "g"))]
    .map(([, value = ""]) => value.replaceAll("&amp;", "&"));
}
