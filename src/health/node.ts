import type { HealthHandler } from "./handler.ts";

/** The part of a `node:http` request that is used. */
export interface NodeRequest {
  /** The method, such as `GET`. */
  readonly method?: string | undefined;
  /** The path and query. */
  readonly url?: string | undefined;
}

/** The part of a `node:http` response that is used. */
export interface NodeResponse {
  /** Starts the response. */
  writeHead(status: number, headers: Record<string, string>): unknown;
  /** Ends the response. */
  end(body: string): unknown;
}

/**
 * Converts a handler to a listener for `createServer` of `node:http`.
 *
 * @example Next to a consumer, in Node
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
  // The handler only distinguishes GET from other methods. `Request` does not accept some methods
  // that Node does.
  const isGet = method === undefined || method === "GET" || method === "HEAD";
  const path = url.startsWith("/") ? url : "/";
  let result: Response;
  let body: string;
  try {
    const request = new Request(`http://localhost${path}`, {
      method: isGet ? method ?? "GET" : "POST",
    });
    result = handler(request);
    body = await result.text();
  } catch {
    // Nobody handles this promise, so an error would end the program.
    result = new Response(null, { status: 500 });
    body = "internal error\n";
  }
  response.writeHead(result.status, Object.fromEntries(result.headers));
  response.end(body);
}
