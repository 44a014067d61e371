import { FaktoryServer, type FaktoryServerOptions } from "../../src/server/mod.ts";

/**
 * Starts an embedded server with a short fetch timeout. With two seconds, every consumer that
 * stops, or whose queues are empty, would wait that long.
 */
export function startQuick(options: FaktoryServerOptions = {}): Promise<FaktoryServer> {
  return FaktoryServer.start({ port: 0, fetchWaitMs: 50, ...options });
}
