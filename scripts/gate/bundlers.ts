import { FaktoryServer } from "../../src/server/mod.ts";
import { optionalPeers } from "../npm/manifest.ts";
import { npmReason } from "../node_versions.ts";
import { readProject } from "../project.ts";
import { inTempFolder } from "../temp_folder.ts";
import { bundlers } from "./bundlers/bundlers.ts";
import { checkBundle } from "./bundlers/check.ts";
import { programsOfSources, programsOfTarball } from "./bundlers/programs.ts";
import { installNpm, type Packed } from "./installed.ts";
import { exportedBySources } from "./installed_entries.ts";
import { findNodes } from "./nodes.ts";
import { cached } from "./cached.ts";
import { type Outcome, skip, type Step, sumOf } from "./step.ts";

/** The bundlers that are packages, and what they need; the others are this project's own tools. */
const PACKAGES = [
  ...["webpack@5.113.0", "ts-loader@9.6.2", "typescript@6.0.3"],
  ...["@rspack/core@2.3.3", "vite@8.4.0"],
];

/** Bundles at the same time. */
const AT_ONCE = 2;

/** Programs by each bundler, from the package as npm gets it and from the sources: they are built, and they are run. */
export function bundlerStep(packed: Packed): Step {
  return { name: "bundlers", run: () => inTempFolder((work) => runBundlers(work, packed)) };
}

async function runBundlers(work: string, packed: Packed): Promise<Outcome> {
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
  const missing = await linkTools(tools!);
  await using server = await FaktoryServer.start({ port: 0 });
  const exported = JSON.stringify(await exportedBySources(project));
  const { runtimes: nodes } = await findNodes();
  const surroundings = { work, tools: tools!, nodes, server, exported };
  const checks = bundlers.filter(({ isLibrary }) => !isLibrary || missing === undefined)
    .flatMap((bundler) =>
      origins.map((origin) => () => checkBundle(bundler, origin, surroundings))
    );
  // Several runners that share the checks, so that each is run by one of them.
  const waiting = checks.values();
  const runners = Array.from({ length: AT_ONCE }, () => sumOf(waiting));
  const outcomes = [...missing === undefined ? [] : [missing], ...await Promise.all(runners)];
  return await sumOf(outcomes.map((outcome) => () => Promise.resolve(outcome)));
}

/** Has a folder the packages that are bundlers, and what runs them; an outcome where npm cannot give them. */
async function linkTools(folder: string): Promise<Outcome | undefined> {
  await Deno.copyFile("tests/bundlers/build.mjs", `${folder}/build.mjs`);
  try {
    const name = `bundlers-${PACKAGES.join("-").replaceAll("/", "+")}`;
    await Deno.symlink(`${await cached(name, PACKAGES)}/node_modules`, `${folder}/node_modules`);
    return undefined;
  } catch (error) {
    return skip(`the bundlers of npm, as it could not give them: ${npmReason(String(error))}`);
  }
}
