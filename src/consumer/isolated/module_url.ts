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
 * Returns the URL of the module as text for `import()`.
 *
 * @throws {ConfigError} `INVALID_URL`, or `UNSUPPORTED_RUNTIME` if the runtime cannot import it.
 */
export function moduleUrl(module: unknown, runtime: Runtime | undefined): string {
  const url = parse(module);
  if (url === undefined) {
    throw unusable(
      "it is not a URL, and a path could be relative to any file: " +
        `pass new URL("./module.ts", import.meta.url)`,
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
 * The property of a handler that holds the function to check its module, which `register` calls. A
 * registered symbol, so that it is the same in all copies of the package.
 */
export const CHECK_MODULE: unique symbol = Symbol.for("@faktory-ts/faktory/check the module");

interface FileSystem {
  statSync(url: URL, options: { throwIfNoEntry: false }): { isFile(): boolean } | undefined;
}

/**
 * Checks that the module's file exists, so that a wrong path fails at registration and not with the
 * first job. Modules that cannot be checked pass: inside an executable file, at `https:`, or
 * without Deno's permission to read them.
 *
 * @throws {ConfigError} `INVALID_MODULE`.
 */
export function checkModule(href: string): void {
  const url = new URL(href);
  const fs = builtinModule<FileSystem>("node:fs");
  if (fs === undefined || url.protocol !== "file:" || isExecutable()) return;
  // The query does not belong to the path. It only makes an import distinct.
  url.search = url.hash = "";
  if (!mayReadFile(decodeURIComponent(url.pathname))) return;
  let isThere: boolean;
  try {
    isThere = fs.statSync(url, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    // A parent folder cannot be read, or the URL is not a path of this system.
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
