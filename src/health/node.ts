import type { HealthHandler } from "./handler.ts";

/** What is used of a request of `node:http`. */
export interface NodeRequest {
  /** Such as `GET`. */
  readonly method?: string | undefined;
  /** The path, and what follows it. */
  readonly url?: string | undefined;
}

/** What is used of a response of `node:http`. */
export interface NodeResponse {
  /** Begins the answer. */
  writeHead(status: number, headers: Record<string, string>): unknown;
  /** Ends it. */
  end(body: string): unknown;
}

/**
 * Makes a listener for `createServer` of `node:http` of a handler.
 *
 * @example Beside a consumer, in Node
 * ```ts ignore
 * import { createServer } from "node:http";
 * import { Consumer } from "@faktory-ts/faktory";
 * import { healthHandler, nodeListener } from "@faktory-ts/faktory/health";
 *
 * const consumer = new Consumer({ handleSignals: true });
 * const server = createServer(nodeListener(healthHandler(consumer))).listen(9090);
 * await consumer.run();
 * server.close();
 * ```
 */
export function nodeListener(
  handler: HealthHandler,
): (request: NodeRequest, response: NodeResponse) => void {
  return (request, response) => void answer(handler, request, response);
}

async function answer(
  handler: HealthHandler,
  { method, url = "/" }: NodeRequest,
  response: NodeResponse,
): Promise<void> {
  // The handler looks at the path and at whether it is a GET; some methods of Node's `Request` does
  // not take.
  const isGet = method === undefined || method === "GET" || method === "HEAD";
  const path = url.startsWith("/") ? url : "/";
  let answered: Response;
  let body: string;
  try {
    const request = new Request(`http://localhost${path}`, {
      method: isGet ? method ?? "GET" : "POST",
    });
    answered = handler(request);
    body = await answered.text();
  } catch {
    // Nobody waits for this: an error would end the program.
    answered = new Response(null, { status: 500 });
    body = "the answer cannot be made\n";
  }
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.end(body);
}
