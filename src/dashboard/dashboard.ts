import { invalidOption } from "../connection/options.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import type { Producer } from "../producer/producer.ts";
import type { FaktoryServer } from "../server/mod.ts";
import { app } from "./app.ts";
import { checkOptions, type DashboardOptions } from "./options.ts";
import { ProducerSource } from "./producer_source.ts";
import { EmbeddedSource } from "./source.ts";

/**
 * Answers web-standard requests. The second argument is the one that `Deno.serve` or `Bun.serve`
 * passes, or `{ address }`: wrong passwords are counted by the visitor's address. Without it, all
 * visitors count as one.
 */
export type DashboardHandler = (request: Request, connection?: unknown) => Promise<Response>;

/**
 * Creates a dashboard for a Faktory server: pages that show and change queues, jobs, failures and
 * workers, a JSON API with the same data, and `/stats`, `/health` and `/metrics`.
 *
 * An embedded server is shown in full, in this process or through a producer that is connected to
 * it. For other servers a producer provides queues, sizes, rates, and changes by filter.
 *
 * The handler opens no port. It asks for the password of the `FaktoryServer`, or for that of the
 * option `password`. Without a password, everybody who reaches the handler may use it.
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

/** Does not use `instanceof`: the source may come from another copy of the package. */
function kindOf(source: unknown): "server" | "producer" {
  if (typeof source === "object" && source !== null) {
    if ("jobs" in source && "signalWorker" in source) return "server";
    if ("enqueue" in source && "sets" in source) return "producer";
  }
  throw invalidOption("source", "a FaktoryServer or a Producer", typeof source);
}

/** Returns the password of a server. */
function passwordOf({ url }: FaktoryServer): string | undefined {
  const [, password = ""] = /^[^/]*\/\/:([^@]*)@/.exec(url ?? "") ?? [];
  return password === "" ? undefined : decodeURIComponent(password);
}
