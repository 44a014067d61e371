import { deno, output, run } from "../command.ts";
import { optionalPeers } from "../npm/manifest.ts";
import { type Project, readProject } from "../project.ts";
import { inTempFolder } from "../temp_folder.ts";
import { audit } from "./audit.ts";
import { checkFreshInstall } from "./fresh_install.ts";
import { checkCommand, checkExecutable } from "./installed_command.ts";
import { jsrArgs } from "./jsr.ts";
import {
  COMMAND_ENTRY,
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
  return {
    name: "package",
    async run(): Promise<Outcome> {
      return await inTempFolder(async (folder) => {
        const installed = { project: await readProject(), tarball: await packed(), folder };
        await install(installed);
        return await sumOf([
          () => checkShape(installed),
          () => checkFreshInstall(installed),
          () => checkTypes(installed),
          () => installPeers(folder),
          () => audit(folder),
          () => checkRuntimes(installed),
          () => checkExecutable(installed),
          () => checkWorkers(installed),
        ]);
      });
    },
  };
}

async function install({ tarball, folder }: Installed): Promise<void> {
  await installNpm(folder, [tarball]);
  for await (const { name } of Deno.readDir("tests/package")) {
    await Deno.copyFile(`tests/package/${name}`, `${folder}/${name}`);
  }
}

/** What publint and attw find wrong with the tarball. */
async function checkShape({ tarball }: Installed): Promise<Outcome> {
  const checkers = {
    publint: ["node_modules/publint/src/cli.js", "run", tarball, "--strict"],
    attw: ["node_modules/@arethetypeswrong/cli/dist/index.js", tarball, "--profile", "esm-only"],
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

/** The types serve a program on Node without the DOM's, and one for a bundler without Node's. */
async function checkTypes({ folder }: Installed): Promise<Outcome> {
  const strict = { strict: true, noEmit: true, target: "ESNext", skipLibCheck: false };
  const node = { module: "nodenext", lib: ["ESNext"], types: ["node"] };
  const bundler = {
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["ESNext", "DOM"],
    types: [],
  };
  return await sumOf(
    Object.entries({ node, bundler }).map(([name, options]) => async () => {
      const typeRoots = [`${Deno.cwd()}/node_modules/@types`];
      const config = { compilerOptions: { ...strict, typeRoots, ...options }, files: ["types.ts"] };
      const path = `${folder}/tsconfig.${name}.json`;
      await Deno.writeTextFile(path, JSON.stringify(config));
      const success = await run("node", ["node_modules/typescript/bin/tsc", "--project", path]);
      return success ? pass : fail(`its types do not serve ${name}`);
    }),
  );
}

/** The entries, the command and a job under each runtime, Node in each of its versions. */
async function checkRuntimes(installed: Installed): Promise<Outcome> {
  const nodes = await findNodes();
  const all = [...runtimes.filter(({ is }) => is !== "node"), ...nodes.runtimes];
  const entries = entriesOf(installed.project);
  const expected = await exportedBySources(entries.map(({ source }) => source));
  const { folder } = installed;
  // Side by side, as most of it is programs that start, each on one core.
  const runs = all.map((runtime) =>
    sumOf([
      () => checkEntries(runtime, { folder, entries, expected }),
      () => checkCommand(runtime, installed),
      () => runJob(runtime, installed),
    ])
  );
  return await sumOf([...nodes.missing, ...runs].map((outcome) => async () => await outcome));
}

/** An entry by the name that a program imports, and its source. */
interface Entry {
  readonly name: string;
  readonly source: string;
}

/** The entries but the program. */
function entriesOf({ name, exports }: Project): Entry[] {
  return Object.entries(exports).filter(([entry]) => entry !== COMMAND_ENTRY)
    .map(([entry, file]) => ({
      name: name + entry.slice(1),
      source: new URL(`../../${file}`, import.meta.url).href,
    }));
}

/** What each of some modules exports. */
type Exported = Readonly<Record<string, readonly string[]>>;

/** Each entry but the program can be imported, and exports what its source does. */
async function checkEntries(
  runtime: Runtime,
  { folder, entries, expected }: {
    readonly folder: string;
    readonly entries: readonly Entry[];
    readonly expected: Exported;
  },
): Promise<Outcome> {
  const names = entries.map(({ name }) => name);
  const { command, args, env } = program(runtime, ["entries.mjs", ...names]);
  const printed = JSON.parse(await output(command, args, { cwd: folder, env }));
  if (printed.runtime !== runtime.is) {
    return fail(`it is ${printed.runtime} that ran, not ${runtime.name}`);
  }
  const faults = entries.flatMap(({ name, source }) => {
    const [got, wanted] = [printed.exported[name].join(), expected[source]?.join()];
    const fault = `${name} exports under ${runtime.name} ${got}, and its source ${wanted}`;
    return got === wanted ? [] : [fault];
  });
  return faults.length === 0 ? { ...pass, passed: entries.length } : fail(faults.join("; "));
}

/** What the sources of the entries export. In a process of its own: this one may have no stand-in for JSR's packages. */
async function exportedBySources(sources: readonly string[]): Promise<Exported> {
  const args = ["run", "-A", ...await jsrArgs("run"), "tests/package/entries.mjs", ...sources];
  return JSON.parse(await output(deno, args)).exported;
}

/** The program of `tests/package/run_job.mjs`: a server, a producer and a consumer. */
async function runJob(runtime: Runtime, { folder }: Installed): Promise<Outcome> {
  const { command, args, env } = program(runtime, ["run_job.mjs"]);
  const success = await run(command, args, { cwd: folder, env, timeoutMs: 60_000 });
  return success ? pass : fail(`a job from the installed package under ${runtime.name}`);
}
