import { filesIn, type Project } from "../tools.ts";
import { COMMAND_ENTRY, optionalPeers } from "../npm/manifest.ts";
import { type Installed, run, type Runtime, runtimes } from "./npm.ts";
import { all, none } from "./step.ts";

/** Maximum number of packages in a fresh install, this one included. */
const MAX_PACKAGES = 3;

/**
 * Maximum size of a fresh install on disk, in bytes. A tenth of it is the dashboard, and 110 KiB
 * are recurring jobs with croner.
 */
const MAX_BYTES = 2.75 * 1024 * 1024;

/** Files take whole blocks on a disk. */
const BLOCK_BYTES = 4096;

/** Checks the size of the package, and that it works without its optional peers. */
export function checkFreshInstall({ project, folder }: Installed): Promise<void> {
  return all([
    () => checkSize(folder),
    () => checkManifest(project, folder),
    () => checkDeclarations(project, folder),
    ...runtimes.map((runtime) => () => checkWithoutPeers(runtime, project, folder)),
  ]);
}

async function checkSize(folder: string): Promise<void> {
  const lock = JSON.parse(await Deno.readTextFile(`${folder}/node_modules/.package-lock.json`));
  const packages = Object.keys(lock.packages).map((path) => path.replace(/^node_modules\//, ""));
  const bytes = await diskBytes(`${folder}/node_modules`);
  const kib = Math.ceil(bytes / 1024);
  console.log(`a fresh install: ${packages.length} packages (${packages.join()}), ${kib} KiB`);
  none(packages.length > MAX_PACKAGES ? [`a fresh install has ${packages.length} packages`] : []);
  none(bytes > MAX_BYTES ? [`a fresh install takes ${kib} KiB`] : []);
}

/** Returns the size of a folder as `du` reports it, with blocks of {@linkcode BLOCK_BYTES}. */
async function diskBytes(folder: string): Promise<number> {
  let bytes = BLOCK_BYTES;
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) bytes += await diskBytes(path);
    else if (isFile) {
      const { size } = await Deno.stat(path);
      bytes += Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    }
  }
  return bytes;
}

/** Checks that no peer is required, and that SECURITY.md names every package in the manifest. */
async function checkManifest({ name }: Project, folder: string): Promise<void> {
  const text = await Deno.readTextFile(`${folder}/node_modules/${name}/package.json`);
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = JSON.parse(text);
  const peers = Object.keys(peerDependencies);
  const required = peers.filter((peer) => peerDependenciesMeta[peer]?.optional !== true);
  const security = await Deno.readTextFile("SECURITY.md");
  const unnamed = [...Object.keys(dependencies), ...peers]
    .filter((one) => !security.includes(`\`${one}\``));
  none([
    ...required.map((peer) => `the peer ${peer} is not optional`),
    ...unnamed.map((one) => `SECURITY.md does not name ${one}`),
  ]);
}

/** Checks that no declaration names an optional peer, so that programs without the peer compile. */
async function checkDeclarations({ name }: Project, folder: string): Promise<void> {
  const files = await filesIn(`${folder}/node_modules/${name}`);
  const faults: string[] = [];
  for (const path of files.filter((path) => /\.d\.[cm]?ts$/.test(path))) {
    const text = await Deno.readTextFile(path);
    const named = Object.keys(optionalPeers).filter((peer) => text.includes(`"${peer}"`));
    faults.push(...named.map((peer) => `${path} names ${peer}`));
  }
  none(faults);
}

/**
 * Checks that each entry can be imported without peers, and that the entries that need a peer fail
 * with an error that names the peer.
 */
async function checkWithoutPeers(
  runtime: Runtime,
  { name, exports }: Project,
  folder: string,
): Promise<void> {
  const peerOf = new Map(Object.entries(optionalPeers).map(([peer, entry]) => [entry, peer]));
  const entries = Object.keys(exports).filter((entry) => entry !== COMMAND_ENTRY);
  const names = entries.map((entry) => name + entry.slice(1));
  const errors = JSON.parse(await run(runtime, ["without_peers.mjs", ...names], folder));
  none(entries.flatMap((entry, index) => {
    const [error, peer] = [errors[names[index]!], peerOf.get(entry)];
    const is = peer === undefined ? error === undefined : error?.includes(`'${peer}'`);
    return is ? [] : [`${entry} without a peer under ${runtime.name}: ${error}`];
  }));
}
