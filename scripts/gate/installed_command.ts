import { equal, match } from "node:assert/strict";
import { Program } from "../program.ts";
import { output, outputs } from "../tools.ts";
import { envOf, type Installed, type Runtime } from "./npm.ts";

/** Path of the command in a program that has the package installed. */
const COMMAND = "node_modules/.bin/faktory";

/**
 * Checks that the installed command prints its version and help, refuses unknown options, serves,
 * enqueues and runs a job.
 */
export async function checkCommand(
  runtime: Runtime,
  { project, folder: cwd }: Installed,
): Promise<void> {
  const [path, ...first] = [...runtime.command, COMMAND];
  const env = envOf(runtime);
  const run = (status: number, ...args: string[]) =>
    outputs(path!, [...first, ...args], { cwd, env, status });
  equal((await run(0, "--version")).stdout, `${project.version}\n`);
  match((await run(0, "serve", "--help")).stdout, /^Usage: faktory serve /);
  const refused = await run(64, "--nonsense");
  equal(refused.stdout, "");
  match(refused.stderr, /^faktory: .*\n$/);

  const serve = [path!, ...first, "serve", "--port", "0", "--json"];
  await using server = new Program(serve, { cwd, env, timeoutMs: 180_000 });
  const { url } = JSON.parse(await server.line(/^\{/));
  await run(0, "push", "greet", "world", "--url", url);
  // The processes that it starts run the installed command, too.
  const flags = ["--processes", "2", "--until-empty", "--json", "--url", url];
  const worked = await run(0, "work", "./handlers.mjs", ...flags);
  match(worked.stdout, /"event":"done",.*"type":"greet"/);
  await server.stop();
}

/** Checks that the command can be executed as a file, as `npx` does. */
export async function checkExecutable({ project, folder }: Installed): Promise<void> {
  const printed = await output(`${folder}/${COMMAND}`, ["--version"], { cwd: folder });
  equal(printed, `${project.version}\n`);
}
