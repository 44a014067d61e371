import { spawnSync } from "node:child_process";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { runtime } from "../../internal/environment.ts";
import { showText } from "../../internal/show.ts";
import { CliError } from "../failure.ts";
import { Status } from "../status.ts";
import { missingPackage, NAME_A_MODULE, type NamedModule } from "./locate.ts";
import { requireFrom } from "./require_from.ts";
import { readSources } from "./sources.ts";
import { firstOf, messageOf, whereOf } from "./where.ts";

/** How to have TypeScript read by a runtime that does not. */
const TYPESCRIPT = "run it in Deno, in Bun or in Node 22.18 or later, or install tsx beside it";

/** How to have Node take a file for an ES module. */
const ES_MODULE = 'put "type": "module" into package.json, or let its name end in .mts or .mjs';

/** Files that are tried for their syntax, each by a process. */
const MAX_CHECKED = 20;

/** What Node says where it is to import a language that it does not read. */
const NOT_READ = ["ERR_UNKNOWN_FILE_EXTENSION", "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING"];

/**
 * Imports a module.
 *
 * @throws {CliError} where it cannot be imported: in one line, with the place in it that is wrong.
 */
export async function load(module: NamedModule): Promise<Readonly<Record<string, unknown>>> {
  try {
    if (needsTsx(module)) await registerTsx(module);
    return await importNamed(module.specifier);
  } catch (error) {
    throw await brokenModule(module, error);
  }
}

/**
 * The one import of a name that is known only now: whoever publishes this package is warned of it.
 */
async function importNamed(specifier: string): Promise<Readonly<Record<string, unknown>>> {
  return await import(/* webpackIgnore: true */ /* @vite-ignore */ specifier);
}

/** What is wrong with a module that failed on import, or whose own function did. */
export async function brokenModule(module: NamedModule, thrown: unknown): Promise<CliError> {
  if (thrown instanceof CliError) return thrown;
  const error = firstOf(thrown);
  const { code } = (error ?? {}) as { code?: unknown };
  const runs = `Node ${process.versions.node}`;
  if (NOT_READ.includes(String(code)) && isTypeScript(module)) {
    return unloadable(module, `${runs} does not read its TypeScript`, TYPESCRIPT);
  }
  // Deno says so only now, of a name of no package.
  if (
    code === "ERR_MODULE_NOT_FOUND" && module.specifier === module.name &&
    messageOf(error).includes(`"${module.name}"`)
  ) {
    return missingPackage(module.name);
  }
  if (!isCode(module)) {
    return unloadable(module, "it is neither JavaScript nor TypeScript", NAME_A_MODULE);
  }
  if (isTakenForCommonJs(module, error)) {
    return unloadable(module, `${runs} takes it for CommonJS by its package.json`, ES_MODULE);
  }
  const place = whereOf(error) ?? await placeOfSyntax(module, error);
  const hint = code === "ERR_MODULE_NOT_FOUND" && !/SyntaxError/.test(messageOf(error))
    ? "install or mend what it imports"
    : "mend the module";
  const where = place === undefined ? "" : ` (${place})`;
  return unloadable(module, `it fails: ${messageOf(error)}${where}`, hint);
}

function unloadable({ name }: NamedModule, reason: string, hint: string): CliError {
  return new CliError(Status.data, `Cannot load ${showText(name)} as ${reason}`, hint);
}

function isTypeScript({ path }: NamedModule): boolean {
  return path !== undefined && /\.[cm]?tsx?$/.test(path);
}

/** By its name; a runtime may be told to read more, so that only what failed is asked. */
function isCode({ path }: NamedModule): boolean {
  return path === undefined || /(^|[\\/])[^.\\/]+$|\.[cm]?[jt]sx?$/.test(path);
}

/** `npm init` writes `"type": "commonjs"`, and nothing but Node heeds it. */
function isTakenForCommonJs({ path = "" }: NamedModule, error: unknown): boolean {
  return runtime() === "node" && error instanceof SyntaxError && /\.[jt]sx?$/.test(path) &&
    /^(Unexpected token 'export'|Cannot use import statement outside a module)/.test(error.message);
}

/**
 * Whether the module is TypeScript, and this is a Node that reads it only with help which it has
 * not got.
 */
function needsTsx(module: NamedModule): boolean {
  if (runtime() !== "node" || !isTypeScript(module)) return false;
  const flags = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].join(" ");
  return !process.features.typescript && !/\btsx\b/.test(flags);
}

/** Has tsx read TypeScript from here on, where the module's program has it installed. */
async function registerTsx({ path = "" }: NamedModule): Promise<void> {
  for (const base of [path, `${process.cwd()}/package.json`]) {
    try {
      // Not called `require`: what packs this would make tsx a dependency of ours.
      const load = requireFrom(base);
      // What it finds cannot register modules; its neighbour can.
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
 * Node keeps to itself where a syntax error of a module is, and tells it only who runs `node
 * --check`: of the module, or of what it imports.
 */
async function placeOfSyntax(
  { path }: NamedModule,
  error: unknown,
): Promise<string | undefined> {
  if (!(error instanceof SyntaxError) || runtime() !== "node" || path === undefined) {
    return undefined;
  }
  const paths = [...(await readSources([path], new Map())).keys()];
  for (const path of paths.filter((path) => /\.[cm]?js$/.test(path)).slice(0, MAX_CHECKED)) {
    const { status, stderr } = spawnSync(process.execPath, ["--check", path], { encoding: "utf8" });
    if (status !== 0) return whereOf({ message: stderr });
  }
  return undefined;
}
