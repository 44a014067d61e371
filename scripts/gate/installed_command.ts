import { equal, match } from "node:assert/strict";
import { output } from "../tools.ts";
import { type Installed, program, type Runtime } from "./npm.ts";

/** Path of the command in a program that has the package installed. */
const COMMAND = "node_modules/.bin/faktory";

const LIMIT_MS = 180_000;

/**
 * Checks that the installed command prints its version and help, refuses unknown options, serves,
 * enqueues and runs a job.
 */
export async function checkCommand(
  runtime: Runtime,
  { project, folder }: Installed,
): Promise<void> {
  const what = (args: readonly string[]) => `faktory ${args.join(" ")} under ${runtime.name}`;
  const run = async (status: number, ...args: string[]) => {
    const { code, stdout, stderr } = await start(runtime, args, folder).output();
    const said = { stdout: text(stdout), stderr: text(stderr) };
    equal(code, status, `${what(args)}: ${JSON.stringify(said)}`);
    return said;
  };
  equal((await run(0, "--version")).stdout, `${project.version}\n`, what(["--version"]));
  match((await run(0, "serve", "--help")).stdout, /^Usage: faktory serve /);
  const refused = await run(64, "--nonsense");
  equal(refused.stdout, "");
  match(refused.stderr, /^faktory: .*\n$/);

  const server = start(runtime, ["serve", "--port", "0", "--json"], folder);
  const { url } = JSON.parse(await firstLine(server.stdout));
  try {
    await run(0, "push", "greet", "world", "--url", url);
    // The processes that it starts run the installed command, too.
    const flags = ["--processes", "2", "--until-empty", "--json", "--url", url];
    const { stdout } = await run(0, "work", "./handlers.mjs", ...flags);
    match(stdout, /"event":"done",.*"type":"greet"/);
  } finally {
    server.kill("SIGTERM");
    await server.stderr.cancel();
  }
  equal((await server.status).code, 0, `${what(["serve"])} ended by SIGTERM`);
}

/** Checks that the command can be executed as a file, as `npx` does. */
export async function checkExecutable({ project, folder }: Installed): Promise<void> {
  const printed = await output(`${folder}/${COMMAND}`, ["--version"], { cwd: folder });
  equal(printed, `${project.version}\n`);
}

function start(runtime: Runtime, args: readonly string[], cwd: string): Deno.ChildProcess {
  const { command, ...options } = program(runtime, [COMMAND, ...args]);
  return new Deno.Command(command, {
    ...{ ...options, cwd, signal: AbortSignal.timeout(LIMIT_MS) },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
}

/**
 * Returns the first line of `stream`. The rest is read and dropped, because a program would end if
 * nobody read its output.
 */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let said = "";
  while (!said.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) break;
    said += decoder.decode(value, { stream: true });
  }
  void (async () => {
    while (!(await reader.read()).done);
  })();
  return said.split("\n", 1)[0]!;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
