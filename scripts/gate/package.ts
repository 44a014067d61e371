import { deno, filesIn, inTempFolder, outputs, readProject } from "../tools.ts";
import { COMMAND_ENTRY } from "../npm/manifest.ts";
import { npmPack } from "../npm/pack.ts";
import { hasJsr } from "../offline.ts";
import { checkFreshInstall } from "./fresh_install.ts";
import { checkCommand, checkExecutable } from "./installed_command.ts";
import { checkEntries, exportedBySources } from "./installed_entries.ts";
import { checkRunners } from "./installed_runners.ts";
import { checkTypes } from "./installed_types.ts";
import {
  findNodes,
  type Installed,
  installNpm,
  type Packed,
  peersOf,
  run,
  type Runtime,
  runtimes,
} from "./npm.ts";
import { all, allAtOnce, none, skip, type Step } from "./step.ts";
import { checkWorkers } from "./workers.ts";

/**
 * Checks the package as npm installs it: its shape, its types, and a program that uses it under
 * each runtime.
 */
export function packageStep(packed: Packed): Step {
  return { name: "package", run: async () => await checkPackage(await packed()) };
}

/** Checks a tarball of `deno pack` or of dnt. */
export async function checkPackage(tarball: string): Promise<void> {
  await inTempFolder(async (folder) => {
    const installed = { project: await readProject(), tarball, folder };
    await install(installed);
    await all([
      () => checkShape(installed),
      () => checkFreshInstall(installed),
    ]);
    await installNpm(folder, peersOf(installed.project));
    await all([
      () => checkTypes(installed),
      () => checkRuntimes(installed),
      () => checkExecutable(installed),
      () => checkRunners(installed),
      () => checkWorkers(installed),
    ]);
  });
}

async function install({ tarball, folder }: Installed): Promise<void> {
  await installNpm(folder, [tarball]);
  for await (const { name, isFile } of Deno.readDir("tests/package")) {
    if (isFile) await Deno.copyFile(`tests/package/${name}`, `${folder}/${name}`);
  }
}

/** Checks the tarball with publint and attw. */
async function checkShape({ tarball }: Installed): Promise<void> {
  const attw = "node_modules/@arethetypeswrong/cli/dist/index.js";
  await all([
    ["node_modules/publint/src/cli.js", "run", tarball, "--strict"],
    [attw, tarball, "--exclude-entrypoints", COMMAND_ENTRY],
  ].map((args) => () => outputs("node", args)));
}

/**
 * Checks that a version of Node can parse every file of the package, including files that no test
 * loads.
 */
async function checkSyntax(node: Runtime, { project, folder }: Installed): Promise<void> {
  const files = await filesIn(`${folder}/node_modules/${project.name}`);
  const command = [...node.command, "--experimental-vm-modules", "--no-warnings"] as const;
  const scripts = files.filter((path) => path.endsWith(".js"));
  const faults = await run({ ...node, command }, ["parse.mjs", ...scripts], folder);
  none(faults === "" ? [] : [`${node.name} cannot parse ${faults}`]);
}

/** Checks the entries, the command and a job under each runtime and each version of Node. */
async function checkRuntimes(installed: Installed): Promise<void> {
  const every = [...runtimes.filter(({ is }) => is !== "node"), ...await findNodes()];
  const expected = await exportedBySources(installed.project);
  const { folder } = installed;
  // At the same time, because they mostly wait for programs to start.
  await allAtOnce(every.map((runtime) =>
    all([
      () => checkEntries(runtime, folder, expected),
      () => checkCommand(runtime, installed),
      () => run(runtime, ["run_job.mjs"], folder),
      ...runtime.is === "node" ? [() => checkSyntax(runtime, installed)] : [],
    ])
  ));
}

/** Time limit of a build by dnt, which is downloaded and compiles everything twice. */
const LIMIT_MS = 360_000;

/** Checks the npm package as dnt builds it. */
export const dntStep: Step = {
  name: "package by dnt",
  async run() {
    if (!await hasJsr()) return skip("dnt: JSR, where it comes from, does not answer here");
    await inTempFolder(async (folder) => {
      const args = ["run", "-A", "--frozen", "scripts/build_npm.ts", folder];
      await outputs(deno, args, { timeoutMs: LIMIT_MS });
      await checkPackage(await npmPack(folder, folder));
    });
  },
};
