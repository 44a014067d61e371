import { ConfigError } from "../../errors.ts";
import {
  builtinModule,
  isExecutable,
  mayReadFile,
  type Runtime,
} from "../../internal/environment.ts";
import { isUrl } from "../../internal/kinds.ts";
import { showValue } from "../../internal/show.ts";

/**
 * The module that `isolated` was given, as a text for `import()`.
 *
 * @throws {ConfigError} `INVALID_URL`, or `UNSUPPORTED_RUNTIME` where the runtime does not import
 * it.
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

/**
 * Where a handler has the function that looks for its module, which `register` calls; the same in
 * all copies of the package.
 */
export const CHECK_MODULE: unique symbol = Symbol.for("@faktory-ts/faktory/check the module");

interface FileSystem {
  statSync(url: URL, options: { throwIfNoEntry: false }): { isFile(): boolean } | undefined;
}

/**
 * Looks for the module's file: a consumer that cannot find it fails when it is set up and not with
 * its first job. What cannot be looked for passes: a module within an executable file or at
 * `https:`, and one that Deno must not read yet.
 *
 * @throws {ConfigError} `INVALID_MODULE`.
 */
export function checkModule(href: string): void {
  const url = new URL(href);
  const fs = builtinModule<FileSystem>("node:fs");
  if (fs === undefined || url.protocol !== "file:" || isExecutable()) return;
  // Without the query, which only makes an import another one.
  url.search = url.hash = "";
  if (!mayReadFile(decodeURIComponent(url.pathname))) return;
  let isThere: boolean;
  try {
    isThere = fs.statSync(url, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    // A folder above it must not be looked into, or the URL names no path of this system.
    isThere = false;
  }
  if (isThere) return;
  throw new ConfigError(
    "INVALID_MODULE",
    `Cannot run jobs in the module ${href} as there is no such file`,
  );
}

function parse(module: unknown): URL | undefined {
  if (!(typeof module === "string" || isUrl(module))) return undefined;
  try {
    return new URL(module);
  } catch {
    return undefined;
  }
}

function unusable(reason: string, module: unknown): ConfigError {
  const shown = showValue(isUrl(module) ? module.href : module);
  return new ConfigError("INVALID_URL", `Cannot run jobs in a module as ${reason}: got ${shown}`);
}
