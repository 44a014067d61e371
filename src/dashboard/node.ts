import type { DashboardHandler } from "./dashboard.ts";

/** The used part of a request of `node:http`. */
export interface DashboardRequest extends AsyncIterable<Uint8Array> {
  /** The method, such as `GET`. */
  readonly method?: string | undefined;
  /** The path and query. Express removes the mount path from it. */
  readonly url?: string | undefined;
  /** The path and query as they came, if a framework has changed `url`. */
  readonly originalUrl?: string | undefined;
  /** The headers by their lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The connection. */
  readonly socket?: object | undefined;
  /** The parsed body, if middleware such as `express.json()` has read it. */
  readonly body?: unknown;
  /** True if the body has been read. */
  readonly readableEnded?: boolean | undefined;
}

/** The used part of a response of `node:http`. */
export interface DashboardResponse {
  /** Starts the response. */
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  /** Sends a part of the body. Returns true if the buffer has room for more. */
  write(bytes: Uint8Array): boolean;
  /** Ends the response. */
  end(text?: string): unknown;
  /** Calls back once. */
  once(event: "close" | "drain", listener: () => void): unknown;
}

/**
 * Adapts a dashboard to `createServer` of `node:http` and to Express. In Express, mount it with
 * `app.use("/jobs", nodeListener(handler))`.
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
    const { remoteAddress } = (request.socket ?? {}) as { remoteAddress?: unknown };
    const answered = await handler(requestOf(request), { address: remoteAddress });
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
    // A rejection here would be unhandled and end the program.
    try {
      response.writeHead(500, { "content-type": "text/plain" });
    } catch {
      // The response has started already.
    }
    response.end("Cannot make the response.\n");
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
  // `Request` throws on these methods. The dashboard refuses DELETE in the same way.
  const isKnown = !/^(CONNECT|TRACE|TRACK)$/i.test(method);
  const init = { method: isKnown ? method : "DELETE", headers: given, body: bodyOf(request) };
  return new Request(url, { ...init, duplex: "half" } as RequestInit);
}

function bodyOf(request: DashboardRequest): ReadableStream<Uint8Array> | string {
  if (request.readableEnded === true) return textOf(request);
  const chunks = request[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
  });
}

/** Writes a body that middleware has parsed as the visitor sent it. */
function textOf({ body, headers }: DashboardRequest): string {
  if (typeof body !== "object" || body === null) return typeof body === "string" ? body : "";
  if (String(headers["content-type"]).includes("json")) return JSON.stringify(body);
  return String(
    new URLSearchParams(
      Object.entries(body).flatMap(([name, value]) =>
        [value].flat().map((one): [string, string] => [name, String(one)])
      ),
    ),
  );
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
