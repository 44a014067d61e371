import type { DashboardHandler } from "./dashboard.ts";

/** What is used of a request of `node:http`. */
export interface DashboardRequest extends AsyncIterable<Uint8Array> {
  /** Such as `GET`. */
  readonly method?: string | undefined;
  /** The path, and what follows it. Express cuts the mount path off: `originalUrl` has it. */
  readonly url?: string | undefined;
  /** As it came, where a framework has changed `url`. */
  readonly originalUrl?: string | undefined;
  /** The headers, by their names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Its connection. */
  readonly socket?: object | undefined;
}

/** What is used of a response of `node:http`. */
export interface DashboardResponse {
  /** Begins the answer. */
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  /** Sends a part of it; false where there is no room for more. */
  write(bytes: Uint8Array): boolean;
  /** Ends it. */
  end(text?: string): unknown;
  /** Calls back once. */
  once(event: "close" | "drain", listener: () => void): unknown;
}

/**
 * Makes a listener for `createServer` of `node:http`, or a handler for Express, of a dashboard. In
 * Express it goes before middleware that reads bodies, such as `express.json()`.
 *
 * @example In Node
 * ```ts ignore
 * import { createServer } from "node:http";
 * import { dashboard, nodeListener } from "@faktory-ts/faktory/dashboard";
 *
 * createServer(nodeListener(dashboard(server))).listen(7420, "127.0.0.1");
 * ```
 */
export function nodeListener(
  handler: DashboardHandler,
): (request: DashboardRequest, response: DashboardResponse) => void {
  return (request, response) => void answer(handler, request, response);
}

async function answer(
  handler: DashboardHandler,
  request: DashboardRequest,
  response: DashboardResponse,
): Promise<void> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let isClosed = false;
  response.once("close", () => {
    isClosed = true;
    reader?.cancel().catch(() => {});
  });
  try {
    const answered = await handler(requestOf(request));
    response.writeHead(answered.status, headersOf(answered.headers));
    reader = answered.body?.getReader();
    while (reader !== undefined && !isClosed) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!response.write(value)) await drained(response);
    }
    if (isClosed) await reader?.cancel();
    response.end();
  } catch {
    // Nobody waits for this: an error would end the program.
    try {
      response.writeHead(500, { "content-type": "text/plain" });
    } catch {
      // The answer had begun.
    }
    response.end("the answer cannot be made\n");
  }
}

function requestOf(request: DashboardRequest): Request {
  const { method = "GET", headers, socket } = request;
  const path = request.originalUrl ?? request.url ?? "/";
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const one of typeof value === "string" ? [value] : value) given.append(name, one);
  }
  const host = given.get("host") ?? "localhost";
  const isSecure = (socket as { encrypted?: unknown } | undefined)?.encrypted === true;
  const scheme = isSecure ? "https" : "http";
  const url = `${scheme}://${host}${path.startsWith("/") ? path : "/"}`;
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers: given });
  // Methods that `Request` does not take are refused as any other.
  const isKnown = !/^(CONNECT|TRACE|TRACK)$/i.test(method);
  const init = { method: isKnown ? method : "DELETE", headers: given, body: bodyOf(request) };
  return new Request(url, { ...init, duplex: "half" } as RequestInit);
}

function bodyOf(request: DashboardRequest): ReadableStream<Uint8Array> {
  const chunks = request[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
  });
}

function headersOf(headers: Headers): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) all["set-cookie"] = cookies;
  return all;
}

function drained(response: DashboardResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}
