import { ConfigError } from "../errors.ts";
import { runtime } from "../internal/environment.ts";
import type { Transport } from "./transport.ts";

/**
 * Returns the transport of this runtime. Adapters are loaded only here and only when needed, so
 * that no runtime loads the modules of another.
 *
 * @throws {ConfigError} `UNSUPPORTED_RUNTIME`.
 */
export async function selectTransport(name: string | undefined = runtime()): Promise<Transport> {
  switch (name) {
    case "deno":
      return (await import("./deno.ts")).denoTransport;
    case "bun":
      return (await import("./bun.ts")).bunTransport;
    case "node":
      return (await import("./node.ts")).nodeTransport;
    case "workerd":
      return (await import("./workerd.ts")).workerdTransport;
    default:
      throw new ConfigError(
        "UNSUPPORTED_RUNTIME",
        "Cannot select a transport as this runtime is unknown: " +
          "pass the option transport, for example the result of streamTransport()",
      );
  }
}
