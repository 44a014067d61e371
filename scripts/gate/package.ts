import { deno, inTempFolder, output, outputs, readProject } from "../tools.ts";
import { COMMAND_ENTRY } from "../npm/manifest.ts";
import { checkFreshInstall } from "./fresh_install.ts";
import { checkCommand, checkExecutable } from "./installed_command.ts";
import { checkEntries, exportedBySources } from "./installed_entries.ts";
import { checkRunners } from "./installed_runners.ts";
import { checkSyntax } from "./installed_syntax.ts";
import { checkTypes } from "./installed_types.ts";
import {
  findNodes,
  type Installed,
  installNpm,
  type Packed,
  peersOf,
  run,
  runtimes,
} from "./npm.ts";
import { all, allAtOnce, skip, type Step } from "./step.ts";
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
      () => checkSyntax(installed),
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
    ])
  ));
}

/** Time limit of a build by dnt, which is downloaded and compiles everything twice. */
const LIMIT_MS = 360_000;

/** Exit status of `deno task build:npm` if JSR cannot be reached. */
const UNAVAILABLE = 69;

/** Checks the npm package as dnt builds it. */
export const dntStep: Step = {
  name: "package by dnt",
  run: () =>
    inTempFolder(async (folder) => {
      const args = ["run", "-A", "--frozen", "scripts/build_npm.ts", folder];
      const signal = AbortSignal.timeout(LIMIT_MS);
      const { code } = await new Deno.Command(deno, { args, stdin: "null", signal }).output();
      if (code === UNAVAILABLE) return skip("dnt: JSR, where it comes from, does not answer here");
      if (code !== 0) throw new Error(`deno task build:npm exited with ${code}`);
      const packed = await output("npm", ["pack", "--json"], { cwd: folder });
      const [{ filename }] = JSON.parse(packed);
      await checkPackage(`${folder}/${filename}`);
    }),
};
