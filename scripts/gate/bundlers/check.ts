import { equal } from "node:assert/strict";
import type { FaktoryServer } from "../../../src/server/mod.ts";
import { output, outputs } from "../../tools.ts";
import { type Runtime, runtimes } from "../npm.ts";
import { all } from "../step.ts";
import type { Origin } from "./programs.ts";
import type { Bundler } from "./tools.ts";

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

/** Builds programs with one bundler and runs the bundles. */
export class BundleCheck {
  readonly #bundler: Bundler;
  readonly #origin: Origin;
  readonly #around: Surroundings;
  readonly #name: string;
  /** Folder of the bundles. */
  readonly #folder: string;

  constructor(bundler: Bundler, origin: Origin, around: Surroundings) {
    this.#bundler = bundler;
    this.#origin = origin;
    this.#around = around;
    this.#name = `${bundler.name}, from the ${origin.name}`;
    this.#folder = `${around.work}/out/${slug(this.#name)}`;
  }

  async run(): Promise<void> {
    await Deno.mkdir(this.#folder, { recursive: true });
    const checks = [() => this.#checkMain()];
    if (!this.#bundler.isEsmAlone) checks.push(() => this.#checkCommand());
    await all(checks).catch(({ message }) => {
      throw new Error(`${this.#name}: ${message}`);
    });
  }

  /** Checks a program with all entries except the command: it prints what they export. */
  async #checkMain(): Promise<void> {
    const source = `${this.#origin.folder}/thread.mjs`;
    const path = await this.#build("main", source);
    // The module that runs in threads has nothing to bundle.
    const thread = `${this.#folder}/thread.mjs`;
    await Deno.copyFile(source, thread);
    await this.#runEach(async (name, run) => {
      const printed = await run([path, thread]);
      equal(printed.trim(), this.#around.exported, `run by ${name}, it printed ${printed}`);
    });
  }

  /**
   * Checks the command: it enqueues a job. An executable file also runs the job, in another process
   * of itself.
   */
  async #checkCommand(): Promise<void> {
    const path = await this.#build("cli");
    const { server } = this.#around;
    await this.#runEach(async (name, run) => {
      const queue = slug(`${this.#name} ${name}`);
      const jobs = () => server.snapshot().queues[queue] ?? 0;
      await run([path, "push", "greet", "--queue", queue]);
      equal(jobs(), 1, `jobs that the command, run by ${name}, enqueued`);
      if (name !== "itself") return;
      const flags = ["--queues", queue, "--processes", "1", "--until-empty"];
      await run([path, "work", `${this.#origin.folder}/handlers.mjs`, ...flags]);
      equal(jobs(), 0, "jobs that another process of the command left");
    });
  }

  /** Builds a program and returns the path of the bundle. A warning is a failure, too. */
  async #build(program: "main" | "cli", thread?: string): Promise<string> {
    const { extension, isLibrary, command } = this.#bundler;
    const { name, folder, alias, denoArgs } = this.#origin;
    const file = `${program}.${extension}`;
    const [path, ...args] = command({
      ...{ entry: `${folder}/${program}.mjs`, thread, minify: name === "tarball" },
      ...{ folder: this.#folder, file, alias, denoArgs },
    });
    const cwd = isLibrary ? this.#around.tools : folder;
    const { stdout, stderr } = await outputs(path!, args, { cwd, timeoutMs: TIMEOUT_MS });
    if (!/warn/i.test(stdout + stderr)) return `${this.#folder}/${file}`;
    throw new Error(`the build of ${program} warns: ${stdout}${stderr}`);
  }

  /** Calls `check` for everything that runs the bundle, with a function that runs it. */
  async #runEach(
    check: (name: string, run: (args: readonly string[]) => Promise<string>) => Promise<void>,
  ): Promise<void> {
    type Runner = Pick<Runtime, "name"> & { readonly command: readonly string[] };
    const runners = this.#bundler.runs.flatMap((by): readonly Runner[] => {
      if (by === "nodes") return this.#around.nodes;
      return by === "itself" ? [{ name: by, command: [] }] : runtimes.filter(({ is }) => is === by);
    });
    const env = { FAKTORY_URL: this.#around.server.url };
    const options = { cwd: this.#folder, env, timeoutMs: TIMEOUT_MS };
    await all(runners.map(({ name, command }) => () =>
      check(name, (args) => {
        const [first, ...rest] = [...command, ...args];
        return output(first!, rest, options);
      })
    ));
  }
}

function slug(text: string): string {
  return text.replaceAll(/\W+/g, "-");
}
