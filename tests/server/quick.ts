import { FaktoryServer, type FaktoryServerOptions } from "../../src/server/mod.ts";

/**
 * An embedded server whose FETCHes do not wait for long: two seconds would be waited for by every
 * consumer that stops, or that has to find out that its queues are empty.
 */
export function startQuick(options: FaktoryServerOptions = {}): Promise<FaktoryServer> {
  return FaktoryServer.start({ port: 0, fetchWaitMs: 50, ...options });
}
