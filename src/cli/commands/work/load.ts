import { spawnSync } from "node:child_process";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { runtime } from "../../../internal/environment.ts";
import { showText } from "../../../internal/show.ts";
import { CliError } from "../../failure.ts";
import { Status } from "../../status.ts";
import { missingPackage, NAME_A_MODULE, type NamedModule } from "./locate.ts";
import { requireFrom } from "./require_from.ts";
import { readModuleFiles } from "./module_files.ts";
import { firstError, messageOf, positionOf } from "./error_position.ts";

/** Advice on running TypeScript in a runtime that does not support it. */
const TYPESCRIPT = "use Deno, Bun, or Node 22.18 or later, or install tsx";

/** Advice on making Node treat a file as an ES module. */
const ES_MODULE = 'set "type": "module" in package.json, or rename the file to .mts or .mjs';

/** Maximum number of files to check for syntax errors, each in a process. */
const MAX_CHECKED = 20;

/** Node's error codes for a language that it cannot import. */
const NOT_READ = ["ERR_UNKNOWN_FILE_EXTENSION", "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING"];

/**
 * Imports a module.
 *
 * @throws {CliError} if it cannot be imported, in one line with the position of the error.
 */
export async function load(module: NamedModule): Promise<Readonly<Record<string, unknown>>> {
  try {
    if (needsTsx(module)) await registerTsx(module);
    return await importNamed(module.specifier);
  } catch (error) {
    throw await moduleError(module, error);
  }
}

/** The only dynamic import of an unknown name. Publishing warns about it. */
async function importNamed(specifier: string): Promise<Readonly<Record<string, unknown>>> {
  return await import(/* webpackIgnore: true */ /* @vite-ignore */ specifier);
}

/** Explains the error of a module that failed on import or in its own function. */
export async function moduleError(module: NamedModule, thrown: unknown): Promise<CliError> {
  if (thrown instanceof CliError) return thrown;
  const error = firstError(thrown);
  const { code } = (error ?? {}) as { code?: unknown };
  const runs = `Node ${process.versions.node}`;
  if (NOT_READ.includes(String(code)) && isTypeScript(module)) {
    return loadError(module, `${runs} cannot run its TypeScript`, TYPESCRIPT);
  }
  // Deno reports an unknown package only on import.
  if (
    code === "ERR_MODULE_NOT_FOUND" && module.specifier === module.name &&
    messageOf(error).includes(`"${module.name}"`)
  ) {
    return missingPackage(module.name);
  }
  if (!isCode(module)) {
    return loadError(module, "it is neither JavaScript nor TypeScript", NAME_A_MODULE);
  }
  if (isTakenForCommonJs(module, error)) {
    return loadError(
      module,
      `${runs} treats it as CommonJS because of its package.json`,
      ES_MODULE,
    );
  }
  const position = positionOf(error) ?? await syntaxErrorPosition(module, error);
  const hint = code === "ERR_MODULE_NOT_FOUND" && !/SyntaxError/.test(messageOf(error))
    ? "install or fix what it imports"
    : "fix the module";
  const where = position === undefined ? "" : ` (${position})`;
  return loadError(module, `it fails: ${messageOf(error)}${where}`, hint);
}

function loadError({ name }: NamedModule, reason: string, hint: string): CliError {
  return new CliError(Status.data, `Cannot load ${showText(name)} as ${reason}`, hint);
}

function isTypeScript({ path }: NamedModule): boolean {
  return path !== undefined && /\.[cm]?tsx?$/.test(path);
}

/**
 * Returns true if the file name is one of JavaScript or TypeScript. Called only after a failure,
 * because runtimes can be configured to load other files.
 */
function isCode({ path }: NamedModule): boolean {
  return path === undefined || /(^|[\\/])[^.\\/]+$|\.[cm]?[jt]sx?$/.test(path);
}

/** `npm init` writes `"type": "commonjs"`, which only Node respects. */
function isTakenForCommonJs({ path = "" }: NamedModule, error: unknown): boolean {
  return runtime() === "node" && error instanceof SyntaxError && /\.[jt]sx?$/.test(path) &&
    /^(Unexpected token 'export'|Cannot use import statement outside a module)/.test(error.message);
}

/** Returns true if the module is TypeScript and this Node cannot read it without tsx. */
function needsTsx(module: NamedModule): boolean {
  if (runtime() !== "node" || !isTypeScript(module)) return false;
  const flags = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].join(" ");
  return !process.features.typescript && !/\btsx\b/.test(flags);
}

/** Registers tsx for TypeScript, if the module's program has it installed. */
async function registerTsx({ path = "" }: NamedModule): Promise<void> {
  for (const base of [path, `${process.cwd()}/package.json`]) {
    try {
      // Not named `require`: bundlers would make tsx a dependency of this package.
      const load = requireFrom(base);
      // The resolved file is CommonJS and cannot register modules. The ES module next to it can.
      const api = load.resolve("tsx/esm/api").replace(/\.cjs$/, ".mjs");
      const { register } = await importNamed(pathToFileURL(api).href);
      (register as () => void)();
      load("tsx/cjs/api").register();
      return;
    } catch {
      // Not installed there.
    }
  }
}

/**
 * Finds the position of a syntax error. Node reports it only with `node --check`, so this checks
 * the module and its imports.
 */
async function syntaxErrorPosition(
  { path }: NamedModule,
  error: unknown,
): Promise<string | undefined> {
  if (!(error instanceof SyntaxError) || runtime() !== "node" || path === undefined) {
    return undefined;
  }
  const paths = [...(await readModuleFiles([path], new Map())).keys()];
  for (const path of paths.filter((path) => /\.[cm]?js$/.test(path)).slice(0, MAX_CHECKED)) {
    const { status, stderr } = spawnSync(process.execPath, ["--check", path], { encoding: "utf8" });
    if (status !== 0) return positionOf({ message: stderr });
  }
  return undefined;
}
