import { output } from "../command.ts";
import { type Installed, program, type Runtime } from "./installed.ts";
import { fail, type Outcome, pass, sumOf } from "./step.ts";

/** Where the package manager puts the command. */
const COMMAND = "node_modules/.bin/faktory";

const LIMIT_MS = 60_000;

/** The installed command says its version and help, refuses what it does not know, and serves. */
export async function checkCommand(
  runtime: Runtime,
  { project, folder }: Installed,
): Promise<Outcome> {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await start(runtime, args, folder).output();
    return { code, stdout: text(stdout), stderr: text(stderr) };
  };
  return await sumOf([
    async () => {
      const { code, stdout } = await run("--version");
      const is = code === 0 && stdout === `${project.version}\n`;
      return is ? pass : fail(`faktory --version under ${runtime.name}: ${code}, ${stdout}`);
    },
    async () => {
      const { code, stdout } = await run("serve", "--help");
      const is = code === 0 && stdout.startsWith("Usage: faktory serve ");
      return is ? pass : fail(`faktory serve --help under ${runtime.name}: ${code}, ${stdout}`);
    },
    async () => {
      const { code, stdout, stderr } = await run("--nonsense");
      const is = code === 64 && stdout === "" && /^faktory: .*\n$/.test(stderr);
      return is
        ? pass
        : fail(`faktory --nonsense under ${runtime.name}: ${code}, ${stdout}${stderr}`);
    },
    async () => {
      const server = start(runtime, ["serve", "--port", "0", "--json"], folder);
      const { url } = JSON.parse(await firstLine(server.stdout));
      const { code, stderr } = await run("push", "greet", "world", "--url", url);
      server.kill("SIGTERM");
      const { code: ended } = await server.status;
      await server.stderr.cancel();
      const is = code === 0 && ended === 0;
      return is
        ? pass
        : fail(`faktory serve and push under ${runtime.name}: ${ended}, ${code} ${stderr}`);
    },
    async () => {
      const server = start(runtime, ["serve", "--port", "0", "--json"], folder);
      const { url } = JSON.parse(await firstLine(server.stdout));
      await run("push", "greet", "world", "--url", url);
      // Its processes are more of the installed command.
      const flags = ["--processes", "2", "--until-empty", "--json", "--url", url];
      const { code, stdout, stderr } = await run("work", "./handlers.mjs", ...flags);
      server.kill("SIGTERM");
      await Promise.all([server.status, server.stderr.cancel()]);
      const is = code === 0 && /"event":"done",.*"type":"greet"/.test(stdout);
      return is ? pass : fail(`faktory work under ${runtime.name}: ${code}, ${stdout}${stderr}`);
    },
  ]);
}

/** The command can be run as a file, as `npx` does. */
export async function checkExecutable({ project, folder }: Installed): Promise<Outcome> {
  const printed = await output(`${folder}/${COMMAND}`, ["--version"], { cwd: folder });
  return printed === `${project.version}\n` ? pass : fail(`${COMMAND} --version said ${printed}`);
}

function start(runtime: Runtime, args: readonly string[], cwd: string): Deno.ChildProcess {
  const { command, ...options } = program(runtime, [COMMAND, ...args]);
  return new Deno.Command(command, {
    ...{ ...options, cwd, signal: AbortSignal.timeout(LIMIT_MS) },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let said = "";
  for await (const part of stream) {
    said += decoder.decode(part, { stream: true });
    if (said.includes("\n")) break;
  }
  return said;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
