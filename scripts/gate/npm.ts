import { deno, output, type Project } from "../tools.ts";
import { majorOf, missingNodes, nodePackage, npmReason, oldestNode } from "../versions.ts";
import { optionalPeers } from "../npm/manifest.ts";
import { packNpm } from "../npm/pack.ts";
import { skip } from "./step.ts";

/** The package, installed. */
export interface Installed {
  readonly project: Project;
  readonly tarball: string;
  /** A folder where the package is installed, as in a program that uses it. */
  readonly folder: string;
}

/** Builds the package's tarball on the first call, and returns its path. */
export type Packed = () => Promise<string>;

/** Returns a function that builds the tarball in this folder once, for all steps. */
export function packedIn(folder: string): Packed {
  let packing: Promise<string> | undefined;
  return () => packing ??= packNpm(folder);
}

/** Installs packages in a folder, as in a program that uses them. */
export async function installNpm(folder: string, specifiers: readonly string[]): Promise<void> {
  const manifest = `${folder}/package.json`;
  const isNew = await Deno.stat(manifest).then(() => false, () => true);
  if (isNew) await Deno.writeTextFile(manifest, `{ "private": true, "type": "module" }`);
  const flags = ["--no-audit", "--no-fund", "--prefer-offline"];
  await output("npm", ["install", ...flags, ...specifiers], { cwd: folder });
}

/** Returns imports of modules as `e0`, `e1` and so on. */
export function importsOf(specifiers: readonly string[]): string {
  return specifiers.map((path, n) => `import * as e${n} from "${path}";\n`).join("");
}

/** Returns the packages that a program has to install for all entries, with their ranges. */
export function peersOf({ imports }: Project): string[] {
  return Object.keys(optionalPeers).map((peer) => imports[peer]!.slice("npm:".length));
}

/**
 * Folder that is kept between runs, because some packages are large. Deno does not clean it, and it
 * is not in the repository.
 */
const CACHE = "node_modules/.cache/gate";

/**
 * Installs packages from npm once, named by their exact versions. Returns the folder that contains
 * their `node_modules`.
 */
export async function cached(name: string, specifiers: readonly string[]): Promise<string> {
  const folder = `${Deno.cwd()}/${CACHE}/${name}`;
  if (await exists(folder)) return folder;
  await Deno.mkdir(CACHE, { recursive: true });
  // Renamed when complete, so that an interrupted run leaves nothing that looks complete.
  const work = await Deno.makeTempDir({ dir: CACHE });
  try {
    await installNpm(work, specifiers);
    await Deno.rename(work, folder);
    return folder;
  } catch (error) {
    await Deno.remove(work, { recursive: true });
    // Another step was faster.
    if (await exists(folder)) return folder;
    throw error;
  }
}

/** Does the same, and reports `what` as skipped if npm does not have the packages. */
export function cachedOrSkip(
  what: string,
  name: string,
  specifiers: readonly string[],
): Promise<string | undefined> {
  return orSkip(what, cached(name, specifiers));
}

function orSkip<T>(what: string, fetching: Promise<T>): Promise<T | undefined> {
  return fetching.catch((error) => {
    skip(`${what}, as npm could not give it: ${npmReason(String(error))}`);
    return undefined;
  });
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

/** A runtime for programs in a folder with a `node_modules`. */
export interface Runtime {
  readonly name: string;
  /** The runtime that it reports to be. */
  readonly is: "deno" | "bun" | "node";
  readonly command: readonly [command: string, ...args: string[]];
  /** Its `process.version`, for Node. */
  readonly version?: string;
}

/** One of each runtime. */
export const runtimes: readonly Runtime[] = [
  {
    name: "deno",
    is: "deno",
    command: [deno, "run", "-A", "--no-lock", "--node-modules-dir=manual"],
  },
  { name: "bun", is: "bun", command: [`${Deno.cwd()}/node_modules/.bin/bun`] },
  { name: "node", is: "node", command: ["node"] },
];

/** Returns variables of a program's environment. `tests/package/version.mjs` checks the version. */
export function envOf({ version }: Runtime): Record<string, string> {
  return version === undefined ? {} : { EXPECTED_VERSION: version };
}

/** Runs a program under a runtime in a folder. Returns its output, and rejects if it fails. */
export function run(runtime: Runtime, args: readonly string[], cwd: string): Promise<string> {
  const [command, ...first] = runtime.command;
  return output(command, [...first, ...args], { cwd, env: envOf(runtime) });
}

let nodes: Promise<readonly Runtime[]> | undefined;

/**
 * Returns the installed Node, the oldest supported version, and one of each other major version
 * from npm.
 */
export function findNodes(): Promise<readonly Runtime[]> {
  return nodes ??= fetchNodes();
}

async function fetchNodes(): Promise<readonly Runtime[]> {
  const installed = (await output("node", ["--version"])).trim();
  const found = await Promise.all(
    missingNodes(installed).map(async (version) => {
      const path = await orSkip(`Node ${version}`, fetchNode(version));
      return path === undefined ? [] : [nodeRuntime(`v${version}`, path)];
    }),
  );
  return [nodeRuntime(installed, "node"), ...found.flat()];
}

function nodeRuntime(version: string, command: string): Runtime {
  const name = version === `v${oldestNode}` ? oldestNode : majorOf(version);
  return { name: `node ${name}`, is: "node", command: [command], version };
}

/** Returns the path of the binary of a version of Node. */
export async function fetchNode(version: string): Promise<string> {
  const { name, binary } = nodePackage(Deno.build);
  const specifier = `${name}@${version}`;
  return `${await cached(specifier, [specifier])}/node_modules/${name}/${binary}`;
}
