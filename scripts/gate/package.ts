import { run } from "../command.ts";
import { COMMAND_ENTRY, optionalPeers } from "../npm/manifest.ts";
import { readProject } from "../project.ts";
import { inTempFolder } from "../temp_folder.ts";
import { audit } from "./audit.ts";
import { checkFreshInstall } from "./fresh_install.ts";
import { checkCommand, checkExecutable } from "./installed_command.ts";
import { checkImports, checkRequires, exportedBySources } from "./installed_entries.ts";
import { checkRunners } from "./installed_runners.ts";
import { checkSyntax } from "./installed_syntax.ts";
import { checkTypes } from "./installed_types.ts";
import {
  type Installed,
  installNpm,
  type Packed,
  program,
  type Runtime,
  runtimes,
} from "./installed.ts";
import { findNodes } from "./nodes.ts";
import { checkWorkers } from "./workers.ts";
import { fail, type Outcome, pass, type Step, sumOf } from "./step.ts";

/** The package as npm gets it: its shape, its types, and a program with it under each runtime. */
export function packageStep(packed: Packed): Step {
  return { name: "package", run: async () => await checkPackage(await packed()) };
}

/** The same checks for whichever tarball: `deno pack`'s, or dnt's. */
export async function checkPackage(tarball: string): Promise<Outcome> {
  return await inTempFolder(async (folder) => {
    const installed = { project: await readProject(), tarball, folder };
    await install(installed);
    return await sumOf([
      () => checkShape(installed),
      () => checkFreshInstall(installed),
      () => checkSyntax(installed),
      () => installPeers(folder),
      () => audit(folder),
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

/** What publint and attw find wrong with the tarball. */
async function checkShape({ tarball }: Installed): Promise<Outcome> {
  const checkers = {
    publint: ["node_modules/publint/src/cli.js", "run", tarball, "--strict"],
    attw: [
      "node_modules/@arethetypeswrong/cli/dist/index.js",
      tarball,
      "--exclude-entrypoints",
      COMMAND_ENTRY,
    ],
  };
  return await sumOf(
    Object.entries(checkers).map(([name, args]) => async () =>
      await run("node", args) ? pass : fail(`${name} has something against it`)
    ),
  );
}

/** Installs the packages that a program installs beside this one where it uses all of it; nothing is checked by that. */
async function installPeers(folder: string): Promise<Outcome> {
  const { imports } = await readProject();
  await installNpm(
    folder,
    Object.keys(optionalPeers).map((name) => imports[name]!.replace(/^npm:/, "")),
  );
  return { passed: 0, failed: 0, skipped: 0 };
}

/** The entries, the command and a job under each runtime, Node in each of its versions. */
async function checkRuntimes(installed: Installed): Promise<Outcome> {
  const nodes = await findNodes();
  const all = [...runtimes.filter(({ is }) => is !== "node"), ...nodes.runtimes];
  const expected = await exportedBySources(installed.project);
  const { folder } = installed;
  // Side by side, as most of it is programs that start, each on one core.
  const runs = all.map((runtime) =>
    sumOf([
      () => checkImports(runtime, { folder, expected }),
      () => checkRequires(runtime, { folder, expected }),
      () => checkCommand(runtime, installed),
      () => runJob(runtime, installed),
    ])
  );
  return await sumOf([...nodes.missing, ...runs].map((outcome) => async () => await outcome));
}

/** The program of `tests/package/run_job.mjs`: a server, a producer and a consumer. */
async function runJob(runtime: Runtime, { folder }: Installed): Promise<Outcome> {
  const { command, args, env } = program(runtime, ["run_job.mjs"]);
  const success = await run(command, args, { cwd: folder, env, timeoutMs: 60_000 });
  return success ? pass : fail(`a job from the installed package under ${runtime.name}`);
}
