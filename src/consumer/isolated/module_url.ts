import { ConfigError } from "../../errors.ts";
import type { Runtime } from "../../internal/environment.ts";
import { showValue } from "../../internal/show.ts";

/**
 * The module that `isolated` was given, as a text for `import()`.
 *
 * @throws {ConfigError} `INVALID_URL`, or `UNSUPPORTED_RUNTIME` where the runtime does not import it.
 */
export function moduleUrl(module: unknown, runtime: Runtime | undefined): string {
  const url = parse(module);
  if (url === undefined) {
    throw unusable(
      "it is not a URL, and nobody knows what a path would be relative to: " +
        `take new URL("./module.ts", import.meta.url)`,
      module,
    );
  }
  if (url.protocol !== "file:" && url.protocol !== "https:") {
    throw unusable("it is not a file: or https: URL", module);
  }
  if (url.protocol === "https:" && runtime !== "deno") {
    throw new ConfigError(
      "UNSUPPORTED_RUNTIME",
      `Cannot run jobs in the module ${url.href} as only Deno imports https: URLs`,
    );
  }
  return url.href;
}

function parse(module: unknown): URL | undefined {
  if (!(typeof module === "string" || module instanceof URL)) return undefined;
  try {
    return new URL(module);
  } catch {
    return undefined;
  }
}

function unusable(reason: string, module: unknown): ConfigError {
  const shown = showValue(module instanceof URL ? module.href : module);
  return new ConfigError("INVALID_URL", `Cannot run jobs in a module as ${reason}: got ${shown}`);
}
