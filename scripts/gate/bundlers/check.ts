import { equal } from "node:assert/strict";
import type { FaktoryServer } from "../../../src/server/mod.ts";
import { output, outputs } from "../../tools.ts";
import { type Runtime, runtimes } from "../npm.ts";
import { all } from "../step.ts";
import type { Origin } from "./programs.ts";
import type { Bundler } from "./tools.ts";

/** Shared by all checks. */
export interface Surroundings {
  /** Folder for all output. */
  readonly work: string;
  /** Folder of the bundlers that are packages. */
  readonly tools: string;
  readonly nodes: readonly Runtime[];
  /** The server that the bundled command pushes jobs to. */
  readonly server: FaktoryServer;
  /** Exports of each entry, as JSON. */
  readonly exported: string;
}

interface Check extends Surroundings {
  readonly bundler: Bundler;
  readonly origin: Origin;
  readonly name: string;
  /** Folder of the bundles. */
  readonly folder: string;
}

/** Builds programs with one bundler and runs the bundles. */
export async function checkBundles(
  bundler: Bundler,
  origin: Origin,
  around: Surroundings,
): Promise<void> {
  const name = `${bundler.name}, from the ${origin.name}`;
  const folder = `${around.work}/out/${slug(name)}`;
  await Deno.mkdir(folder, { recursive: true });
  const check = { ...around, bundler, origin, name, folder };
  const checks = [() => checkMain(check)];
  if (!bundler.isEsmAlone) checks.push(() => checkCommand(check));
  await all(checks).catch(({ message }) => {
    throw new Error(`${name}: ${message}`);
  });
}

/** Checks a program with all entries except the command: it prints what they export. */
async function checkMain(check: Check): Promise<void> {
  const source = `${check.origin.folder}/thread.mjs`;
  const path = await build(check, "main", source);
  // The module that runs in threads has nothing to bundle.
  const thread = `${check.folder}/thread.mjs`;
  await Deno.copyFile(source, thread);
  await runEach(check, async (name, run) => {
    const printed = await run([path, thread]);
    equal(printed.trim(), check.exported, `run by ${name}, it printed ${printed}`);
  });
}

/**
 * Checks the command: it enqueues a job. An executable file also runs the job, in another process
 * of itself.
 */
async function checkCommand(check: Check): Promise<void> {
  const path = await build(check, "cli");
  await runEach(check, async (name, run) => {
    const queue = slug(`${check.name} ${name}`);
    const jobs = () => check.server.snapshot().queues[queue] ?? 0;
    await run([path, "push", "greet", "--queue", queue]);
    equal(jobs(), 1, `jobs that the command, run by ${name}, enqueued`);
    if (name !== "itself") return;
    const flags = ["--queues", queue, "--processes", "1", "--until-empty"];
    await run([path, "work", `${check.origin.folder}/handlers.mjs`, ...flags]);
    equal(jobs(), 0, "jobs that another process of the command left");
  });
}

/** Builds a program and returns the path of the bundle. A warning is a failure, too. */
async function build(check: Check, program: "main" | "cli", thread?: string): Promise<string> {
  const { extension, isLibrary, command } = check.bundler;
  const { name, folder, alias, denoArgs } = check.origin;
  const file = `${program}.${extension}`;
  const [path, ...args] = command({
    ...{ entry: `${folder}/${program}.mjs`, thread, minify: name === "tarball" },
    ...{ folder: check.folder, file, alias, denoArgs },
  });
  const { stdout, stderr } = await outputs(path!, args, { cwd: isLibrary ? check.tools : folder });
  if (!/warn/i.test(stdout + stderr)) return `${check.folder}/${file}`;
  throw new Error(`the build of ${program} warns: ${stdout}${stderr}`);
}

/** Calls `use` for everything that runs the bundle, with a function that runs it. */
async function runEach(
  { bundler, nodes, server, folder }: Check,
  use: (name: string, run: (args: readonly string[]) => Promise<string>) => Promise<void>,
): Promise<void> {
  type Runner = Pick<Runtime, "name"> & { readonly command: readonly string[] };
  const runners = bundler.runs.flatMap((by): readonly Runner[] => {
    if (by === "nodes") return nodes;
    return by === "itself" ? [{ name: by, command: [] }] : runtimes.filter(({ is }) => is === by);
  });
  const options = { cwd: folder, env: { FAKTORY_URL: server.url } };
  await all(runners.map(({ name, command }) => () =>
    use(name, (args) => {
      const [first, ...rest] = [...command, ...args];
      return output(first!, rest, options);
    })
  ));
}

function slug(text: string): string {
  return text.replaceAll(/\W+/g, "-");
}
