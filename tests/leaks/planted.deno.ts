/**
 * Leaks that Deno's sanitizers have to find, to show that they work: each of these tests has to
 * fail. The sanitizers see Deno's own resources, and timers. Only the programs of `leaks_test.ts`
 * find the resources of `node:net`.
 */

import { denoTransport } from "../../src/transport/deno.ts";
import { planted } from "./planted.ts";

const { "a port": _unseen, ...seen } = planted;

for (const [name, fn] of Object.entries(seen)) {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true, sanitizeExit: true });
}

Deno.test({
  name: "a connection of the Deno adapter",
  sanitizeResources: true,
  async fn() {
    using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const target = { hostname: "127.0.0.1", port: listener.addr.port };
    // The other end stays open, because the adapter closes a connection that has ended by itself.
    await Promise.all([denoTransport.connect(target), listener.accept()]);
  },
});

Deno.test({ name: "an exit", sanitizeExit: true, fn: () => Deno.exit(0) });
