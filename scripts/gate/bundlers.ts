import { FaktoryServer } from "../../src/server/mod.ts";
import { inTempFolder, readProject } from "../tools.ts";
import { checkBundles } from "./bundlers/check.ts";
import { programsOfSources, programsOfTarball } from "./bundlers/programs.ts";
import { bundlers } from "./bundlers/tools.ts";
import { exportedBySources } from "./installed_entries.ts";
import { cachedOrSkip, findNodes, installNpm, type Packed, peersOf } from "./npm.ts";
import { all, allAtOnce, type Step } from "./step.ts";

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
  const folderOf = async (name: string) => {
    await Deno.mkdir(`${work}/${name}`);
    return `${work}/${name}`;
  };
  const [tarball, tools] = [await folderOf("tarball"), await folderOf("tools")];
  await installNpm(tarball, [await packed(), ...peersOf(project)]);
  const origins = [
    await programsOfTarball(project, tarball),
    await programsOfSources(project, await folderOf("sources")),
  ];
  const hasTools = await linkTools(tools);
  await using server = await FaktoryServer.start({ port: 0 });
  const exported = JSON.stringify(await exportedBySources(project));
  const around = { work, tools, nodes: await findNodes(), server, exported };
  const checks = bundlers.filter(({ isLibrary }) => !isLibrary || hasTools).flatMap((bundler) =>
    origins.map((origin) => () => checkBundles(bundler, origin, around))
  );
  // Each check runs once, because the iterator is shared.
  const waiting = checks.values();
  await allAtOnce(Array.from({ length: AT_ONCE }, () => all(waiting)));
}

/** Links the bundlers that are packages into a folder. Returns true if npm provides them. */
async function linkTools(folder: string): Promise<boolean> {
  await Deno.copyFile("tests/bundlers/build.mjs", `${folder}/build.mjs`);
  const name = `bundlers-${PACKAGES.join("-").replaceAll("/", "+")}`;
  const packages = await cachedOrSkip("the bundlers of npm", name, PACKAGES);
  if (packages === undefined) return false;
  await Deno.symlink(`${packages}/node_modules`, `${folder}/node_modules`);
  return true;
}
