import { output } from "../command.ts";
import { COMMAND_ENTRY, optionalPeers } from "../npm/manifest.ts";
import type { Project } from "../project.ts";
import { documentedFaults } from "./dependencies.ts";
import { describeInstall, freshInstallFault } from "./install_size.ts";
import { type Installed, program, type Runtime, runtimes } from "./installed.ts";
import { fail, type Outcome, pass, sumOf } from "./step.ts";

/** What a file system gives to files at a time, on most machines. */
const BLOCK_BYTES = 4096;

/** The package brings little with it, what the documents say it does, and works without its optional peers. */
export function checkFreshInstall({ project, folder }: Installed): Promise<Outcome> {
  return sumOf([
    () => checkSize(folder),
    () => checkDocuments(project, folder),
    () => checkDeclarations(project, folder),
    ...runtimes.map((runtime) => () => checkWithoutPeers(runtime, { project, folder })),
  ]);
}

async function checkSize(folder: string): Promise<Outcome> {
  const lock = JSON.parse(await Deno.readTextFile(`${folder}/node_modules/.package-lock.json`));
  const packages = Object.keys(lock.packages).map((path) => path.replace(/^node_modules\//, ""));
  const fresh = { packages, bytes: await diskBytes(`${folder}/node_modules`) };
  console.log(`A fresh install: ${describeInstall(fresh)}`);
  const fault = freshInstallFault(fresh);
  return fault === undefined ? pass : fail(fault);
}

/** What `du` says of a folder where blocks have {@linkcode BLOCK_BYTES}. */
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

/** The packages that the manifest asks for are those that the documents name. */
async function checkDocuments({ name }: Project, folder: string): Promise<Outcome> {
  const manifest = JSON.parse(
    await Deno.readTextFile(`${folder}/node_modules/${name}/package.json`),
  );
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
  const peers = Object.keys(peerDependencies);
  const required = peers.filter((peer) => peerDependenciesMeta[peer]?.optional !== true);
  const faults = [
    ...required.map((peer) => `the peer ${peer} is not optional`),
    ...await documentedFaults({
      dependencies: Object.keys(dependencies),
      peers,
    }),
  ];
  return faults.length === 0 ? pass : fail(faults.join("; "));
}

/** No declaration names an optional peer, so that programs without it can be checked. */
async function checkDeclarations({ name }: Project, folder: string): Promise<Outcome> {
  const peers = Object.keys(optionalPeers);
  const faults: string[] = [];
  for await (const path of declarationsIn(`${folder}/node_modules/${name}`)) {
    const text = await Deno.readTextFile(path);
    faults.push(...peers.filter((peer) => text.includes(`"${peer}"`)).map((peer) => path + peer));
  }
  return faults.length === 0 ? pass : fail(`declarations name peers: ${faults.join(", ")}`);
}

async function* declarationsIn(folder: string): AsyncIterable<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* declarationsIn(path);
    else if (/\.d\.[cm]?ts$/.test(name)) yield path;
  }
}

/** Each entry can be imported where no peer is installed, but one that needs it, whose error names the peer. */
async function checkWithoutPeers(
  runtime: Runtime,
  { project, folder }: { readonly project: Project; readonly folder: string },
): Promise<Outcome> {
  const peerOf = new Map(Object.entries(optionalPeers).map(([peer, entry]) => [entry, peer]));
  const entries = Object.keys(project.exports).filter((entry) => entry !== COMMAND_ENTRY);
  const names = entries.map((entry) => project.name + entry.slice(1));
  const { command, args, env } = program(runtime, ["without_peers.mjs", ...names]);
  const errors: Readonly<Record<string, string>> = JSON.parse(
    await output(command, args, { cwd: folder, env }),
  );
  const faults = entries.flatMap((entry, index) => {
    const error = errors[names[index]!];
    const peer = peerOf.get(entry);
    const is = peer === undefined ? error === undefined : error?.includes(`'${peer}'`);
    return is ? [] : [`${entry} without a peer under ${runtime.name}: ${error}`];
  });
  return faults.length === 0 ? pass : fail(faults.join("; "));
}
