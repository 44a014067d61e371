import { ConfigError } from "../errors.ts";
import { runtime } from "../internal/environment.ts";
import type { Transport } from "./transport.ts";

/**
 * The transport of the runtime that this is. Adapters are loaded only here and only when asked for,
 * so that no runtime sees another's modules.
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
        "Cannot choose a transport as this runtime is not known: " +
          "pass one as the option transport, for example by streamTransport()",
      );
  }
}
