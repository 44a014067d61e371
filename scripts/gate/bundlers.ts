import { FaktoryServer } from "../../src/server/mod.ts";
import { optionalPeers } from "../npm/manifest.ts";
import { npmReason } from "../versions.ts";
import { inTempFolder, readProject } from "../tools.ts";
import { bundlers } from "./bundlers/bundlers.ts";
import { checkBundle } from "./bundlers/check.ts";
import { programsOfSources, programsOfTarball } from "./bundlers/programs.ts";
import { exportedBySources } from "./installed_entries.ts";
import { cached, findNodes, installNpm, type Packed } from "./npm.ts";
import { all, skip, type Step } from "./step.ts";

/**
 * The bundlers that are packages, with their dependencies. The others are tools of this project.
 */
const PACKAGES = [
  ...["webpack@5.113.0", "ts-loader@9.6.2", "typescript@6.0.3"],
  ...["@rspack/core@2.3.3", "vite@8.4.0"],
];

/** Number of bundles that are built at the same time. */
const AT_ONCE = 2;

/**
 * Builds programs with each bundler, from the installed package and from the sources, and runs
 * them.
 */
export function bundlerStep(packed: Packed): Step {
  return { name: "bundlers", run: () => inTempFolder((work) => runBundlers(work, packed)) };
}

async function runBundlers(work: string, packed: Packed): Promise<void> {
  const project = await readProject();
  const [tarball, sources, tools] = ["tarball", "sources", "tools"].map((name) =>
    `${work}/${name}`
  );
  for (const folder of [tarball, sources, tools]) await Deno.mkdir(folder!);
  const peers = Object.keys(optionalPeers).map((peer) =>
    project.imports[peer]!.slice("npm:".length)
  );
  await installNpm(tarball!, [await packed(), ...peers]);
  const origins = [
    await programsOfTarball(project, tarball!),
    await programsOfSources(project, sources!),
  ];
  const hasTools = await linkTools(tools!);
  await using server = await FaktoryServer.start({ port: 0 });
  const exported = JSON.stringify(await exportedBySources(project));
  const nodes = await findNodes();
  const surroundings = { work, tools: tools!, nodes, server, exported };
  const checks = bundlers.filter(({ isLibrary }) => !isLibrary || hasTools)
    .flatMap((bundler) =>
      origins.map((origin) => () => checkBundle(bundler, origin, surroundings))
    );
  // Each check runs in one of the lanes, which share the iterator.
  const waiting = checks.values();
  const lanes = Array.from({ length: AT_ONCE }, () => all(waiting));
  await all(lanes.map((lane) => () => lane));
}

/** Links the bundlers that are packages into a folder. Returns false if npm cannot provide them. */
async function linkTools(folder: string): Promise<boolean> {
  await Deno.copyFile("tests/bundlers/build.mjs", `${folder}/build.mjs`);
  try {
    const name = `bundlers-${PACKAGES.join("-").replaceAll("/", "+")}`;
    await Deno.symlink(`${await cached(name, PACKAGES)}/node_modules`, `${folder}/node_modules`);
    return true;
  } catch (error) {
    skip(`the bundlers of npm, as it could not give them: ${npmReason(String(error))}`);
    return false;
  }
}
