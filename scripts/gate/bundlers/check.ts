import { equal } from "node:assert/strict";
import type { FaktoryServer } from "../../../src/server/mod.ts";
import { output, outputs } from "../../tools.ts";
import { type Runtime, runtimes } from "../npm.ts";
import { all } from "../step.ts";
import type { Bundler } from "./bundlers.ts";
import type { Origin } from "./programs.ts";

/** Time limit of one program on a busy machine, in ms. */
const TIMEOUT_MS = 180_000;

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

/** Builds the programs with one bundler and runs the bundles. */
export async function checkBundle(
  bundler: Bundler,
  origin: Origin,
  surroundings: Surroundings,
): Promise<void> {
  const what = `${bundler.name}, from the ${origin.name}`;
  const folder = `${surroundings.work}/out/${slug(what)}`;
  await Deno.mkdir(folder, { recursive: true });
  const check = { bundler, origin, folder, ...surroundings };
  const programs = bundler.isEsmAlone ? [checkMain] : [checkMain, checkCli];
  await all(programs.map((program) => () => program(check))).catch((error) => {
    throw new Error(`${what}: ${error.message}`);
  });
}

interface Check extends Surroundings {
  readonly bundler: Bundler;
  readonly origin: Origin;
  readonly folder: string;
}

/** Checks a program with all entries except the command: it prints what they export. */
async function checkMain(check: Check): Promise<void> {
  const { origin, folder, exported } = check;
  const path = await build(check, "main");
  // The module that runs in threads has nothing to bundle.
  const thread = `${folder}/thread.mjs`;
  await Deno.copyFile(`${origin.folder}/thread.mjs`, thread);
  await all(
    runnersOf(check).map(({ name, start }) => async () => {
      const printed = await start(path, [thread]);
      equal(printed.trim(), exported, `run by ${name}, it printed ${printed}`);
    }),
  );
}

/**
 * Checks the command: it enqueues a job. An executable file also runs the job, in another process
 * of itself.
 */
async function checkCli(check: Check): Promise<void> {
  const { bundler, origin, server } = check;
  const path = await build(check, "cli");
  await all(
    runnersOf(check).map(({ name, start }) => async () => {
      const queue = slug(`${bundler.name} ${origin.name} ${name}`);
      const env = { FAKTORY_URL: server.url };
      await start(path, ["push", "greet", "--queue", queue], env);
      const jobs = () => server.snapshot().queues[queue] ?? 0;
      equal(jobs(), 1, `jobs that the command, run by ${name}, enqueued`);
      if (name !== "itself") return;
      const flags = ["--queues", queue, "--processes", "1", "--until-empty"];
      await start(path, ["work", `${origin.folder}/handlers.mjs`, ...flags], env);
      equal(jobs(), 0, "jobs that another process of the command left");
    }),
  );
}

/** Builds a program and returns the path of the bundle. A warning is a failure, too. */
async function build(
  { bundler, origin, folder, tools }: Check,
  program: "main" | "cli",
): Promise<string> {
  const file = `${program}.${bundler.extension}`;
  const [command, ...args] = bundler.command({
    entry: `${origin.folder}/${program}.mjs`,
    thread: program === "main" ? `${origin.folder}/thread.mjs` : undefined,
    minify: origin.name === "tarball",
    folder,
    file,
    alias: origin.alias,
    denoArgs: origin.denoArgs,
  });
  const cwd = bundler.isLibrary ? tools : origin.folder;
  const said = Object.values(await outputs(command, args, { cwd, timeoutMs: TIMEOUT_MS })).join("");
  if (/warn/i.test(said)) throw new Error(`the build of ${program} warns: ${said}`);
  return `${folder}/${file}`;
}

interface Runner {
  readonly name: string;
  start(path: string, args: readonly string[], env?: Record<string, string>): Promise<string>;
}

function runnersOf({ bundler, nodes, folder: cwd }: Check): Runner[] {
  return bundler.runs.flatMap((by) => {
    const found = by === "nodes" ? nodes : runtimes.filter(({ is }) => is === by);
    const commands = by === "itself" ? [{ name: by, command: [] }] : found;
    return commands.map(({ name, command }) => ({
      name,
      start(path, args, env = {}) {
        const [first, ...rest] = [...command, path, ...args];
        return output(first!, rest, { cwd, env, timeoutMs: TIMEOUT_MS });
      },
    }));
  });
}

function slug(text: string): string {
  return text.replaceAll(/\W+/g, "-");
}
