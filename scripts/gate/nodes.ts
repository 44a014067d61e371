import { output } from "../command.ts";
import { installNpm, type Runtime } from "./installed.ts";
import { majorOf, missingNodes, nodePackage, npmReason } from "../node_versions.ts";
import { type Outcome, skip } from "./step.ts";

/** Kept between runs, as each takes 200 MB; Deno leaves what is here alone, and it is in nobody's repository. */
const CACHE = "node_modules/.cache/gate";

/** The versions of Node that programs can run on here. */
export interface Nodes {
  readonly runtimes: readonly Runtime[];
  /** One for each version that cannot be had, with the reason. */
  readonly missing: readonly Outcome[];
}

/** Node as it is installed, and one of each other major version that the package is for, fetched from npm. */
export async function findNodes(): Promise<Nodes> {
  const installed = (await output("node", ["--version"])).trim();
  const found = await Promise.all(
    missingNodes(installed).map(async (version) => {
      const reason = await fetchNode(version).then(
        () => undefined,
        (error) => npmReason(String(error)),
      );
      return reason === undefined
        ? { runtime: runtimeOf(`v${version}`, binaryOf(version)) }
        : { missing: skip(`Node ${version}, as npm could not give it: ${reason}`) };
    }),
  );
  return {
    runtimes: [
      runtimeOf(installed, "node"),
      ...found.flatMap(({ runtime }) => runtime === undefined ? [] : [runtime]),
    ],
    missing: found.flatMap(({ missing }) => missing === undefined ? [] : [missing]),
  };
}

function runtimeOf(version: string, command: string): Runtime {
  return { name: `node ${majorOf(version)}`, is: "node", command: [command], version };
}

function folderOf(version: string): string {
  return `${Deno.cwd()}/${CACHE}/${nodePackage(Deno.build).name}@${version}`;
}

function binaryOf(version: string): string {
  const { name, binary } = nodePackage(Deno.build);
  return `${folderOf(version)}/node_modules/${name}/${binary}`;
}

/** Installs a version where it is kept, unless it is there; rejects with what npm said when it cannot. */
async function fetchNode(version: string): Promise<void> {
  const folder = folderOf(version);
  if (await Deno.stat(folder).then(() => true, () => false)) return;
  await Deno.mkdir(CACHE, { recursive: true });
  // Renamed when it is whole: what a run leaves that is ended meanwhile is never taken for it.
  const work = await Deno.makeTempDir({ dir: CACHE });
  try {
    await installNpm(work, [`${nodePackage(Deno.build).name}@${version}`]);
    await Deno.rename(work, folder);
  } catch (error) {
    await Deno.remove(work, { recursive: true });
    throw error;
  }
}
