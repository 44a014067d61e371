import { output } from "../command.ts";
import { cached } from "./cached.ts";
import type { Runtime } from "./installed.ts";
import { majorOf, missingNodes, nodePackage, npmReason, oldestNode } from "../node_versions.ts";
import { type Outcome, skip } from "./step.ts";

/** The versions of Node that programs can run on here. */
export interface Nodes {
  readonly runtimes: readonly Runtime[];
  /** One for each version that cannot be had, with the reason. */
  readonly missing: readonly Outcome[];
}

/** Node as it is installed, the oldest and one of each other major version that the package is for, fetched from npm. */
export async function findNodes(): Promise<Nodes> {
  const installed = (await output("node", ["--version"])).trim();
  const found = await Promise.all(
    missingNodes(installed).map(async (version) => {
      try {
        return { runtime: runtimeOf(`v${version}`, await fetchNode(version)) };
      } catch (error) {
        const reason = npmReason(String(error));
        return { missing: skip(`Node ${version}, as npm could not give it: ${reason}`) };
      }
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
  const name = version === `v${oldestNode}` ? oldestNode : majorOf(version);
  return { name: `node ${name}`, is: "node", command: [command], version };
}

/** The program of a version. */
async function fetchNode(version: string): Promise<string> {
  const { name, binary } = nodePackage(Deno.build);
  const specifier = `${name}@${version}`;
  return `${await cached(specifier, [specifier])}/node_modules/${name}/${binary}`;
}
