import { invalidOption } from "../connection/options.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import type { Producer } from "../producer/producer.ts";
import type { FaktoryServer } from "../server/mod.ts";
import { app } from "./app.ts";
import { checkOptions, type DashboardOptions } from "./options.ts";
import { ProducerSource } from "./producer_source.ts";
import { EmbeddedSource } from "./source.ts";

/** Answers web-standard requests, as `Deno.serve`, `Bun.serve` and Hono give them. */
export type DashboardHandler = (request: Request) => Promise<Response>;

/**
 * Makes a dashboard for a Faktory server: pages to look at queues, jobs, failures and workers, and
 * to change them; a JSON API that gives the same, and `/stats`, `/health` and `/metrics`.
 *
 * An embedded server is shown whole: of this process, or by a producer that is connected to one. Of
 * other servers a producer gives what the protocol has: queues, sizes, rates, changes by filter.
 *
 * It opens no port itself. If the `FaktoryServer` has a password, visitors have to enter it.
 * Otherwise, and for a producer, the option `password` says which one; without it, whoever reaches
 * the handler may use it.
 *
 * @example For the embedded server
 * ```ts
 * import { dashboard } from "@faktory-ts/faktory/dashboard";
 * import { FaktoryServer } from "@faktory-ts/faktory/server";
 *
 * await using server = await FaktoryServer.start({ port: 0 });
 * const handler = dashboard(server); // for Deno.serve, Bun.serve, Hono
 * const response = await handler(new Request("http://localhost:7420/"));
 * console.assert((await response.text()).includes("Overview"));
 * ```
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function dashboard(
  source: FaktoryServer | Producer<JobDefinitions>,
  options: DashboardOptions = {},
): DashboardHandler {
  const kind = kindOf(source);
  if (kind === "server") {
    const server = source as FaktoryServer;
    return app(new EmbeddedSource(server), checkOptions(options, passwordOf(server)));
  }
  const settings = checkOptions(options, undefined);
  return app(new ProducerSource(source as Producer, settings.clock), settings);
}

/** Not by its class: the source may be of another copy of the package. */
function kindOf(source: unknown): "server" | "producer" {
  if (typeof source === "object" && source !== null) {
    if ("jobs" in source && "signalWorker" in source) return "server";
    if ("enqueue" in source && "sets" in source) return "producer";
  }
  throw invalidOption("source", "a FaktoryServer or a Producer", typeof source);
}

/** The password that clients of the server have to know. */
function passwordOf({ url }: FaktoryServer): string | undefined {
  const [, password = ""] = /^[^/]*\/\/:([^@]*)@/.exec(url ?? "") ?? [];
  return password === "" ? undefined : decodeURIComponent(password);
}
