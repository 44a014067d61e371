import { Command } from "commander";
import {
  addCommand,
  addExamples,
  addHelp,
  type CommandDefinition,
  MAX_HELP_WIDTH,
} from "./command.ts";
import { commands as allCommands } from "./commands/all.ts";
import { failureOf } from "./failure.ts";
import type { CliIo } from "./io.ts";
import { hasColours } from "./output.ts";
import { Status, STATUS_TEXTS } from "./status.ts";
import { VERSION } from "./version.ts";

/**
 * Runs the command and returns the exit status. Never rejects: an error becomes one line on
 * `io.stderr`.
 *
 * `args` are the command line's arguments without the program. Tests pass their own `commands`.
 */
export async function runCli(
  args: readonly string[],
  io: CliIo,
  commands: readonly CommandDefinition[] = allCommands,
): Promise<number> {
  let status: number = Status.ok;
  try {
    const program = programOf(io, commands, (ended) => {
      status = ended;
    });
    // Without arguments, prints the help.
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(withJidLast(args, commands), { from: "user" });
    return status;
  } catch (error) {
    const { status, line } = failureOf(error, helpHint(args, commands));
    if (line !== undefined) io.stderr.write(`${line}\n`);
    return status;
  }
}

/** A job's id in the form of this package and of other clients, with a dash at its start. */
const DASH_JID = /^-[\w-]{15}$/;

/**
 * Moves a job's id that begins with a dash to the end, after `--`. One id in 64 does, and the
 * parser would take it as flags.
 */
function withJidLast(args: readonly string[], commands: readonly CommandDefinition[]): string[] {
  const takesJid = commands.find(({ name }) => name === args[0])?.takesJid === true;
  const at = takesJid && !args.includes("--")
    ? args.findIndex((arg, i) => DASH_JID.test(arg) && !isFlagWithValue(args[i - 1]))
    : -1;
  return at < 0 ? [...args] : [...args.toSpliced(at, 1), "--", args[at]!];
}

function isFlagWithValue(arg = ""): boolean {
  return /^--[^=]+$/.test(arg) && arg !== "--json" && arg !== "--insecure";
}

/** From an empty machine to the first job. */
const EXAMPLES = [
  ["serve", "starts a server on tcp://127.0.0.1:7419"],
  ["work ./handlers.ts", "runs its jobs, with export default { greet: (job) => .. }"],
  ["push greet world", "enqueues a job"],
  ["doctor", "finds problems with the connection"],
] as const;

/** Returns a hint to the help of the command that was probably meant. */
function helpHint(args: readonly string[], commands: readonly CommandDefinition[]): string {
  const path: string[] = [];
  let below: readonly CommandDefinition[] | undefined = commands;
  for (const arg of args) {
    const found: CommandDefinition | undefined = below?.find(({ name }) => name === arg);
    if (found === undefined) break;
    path.push(found.name);
    below = found.commands;
  }
  const isEarly = path.length === 0 &&
    args.some((arg) => commands.some(({ name }) => name === arg));
  return `${isEarly ? "flags come after the command, " : ""}see ${
    ["faktory", ...path, "--help"].join(" ")
  }`;
}

function programOf(
  io: CliIo,
  commands: readonly CommandDefinition[],
  ended: (status: number) => void,
): Command {
  const program = new Command("faktory")
    .description("Enqueues and runs Faktory jobs, and manages Faktory servers. Includes a server.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Errors are printed as one line, in `runCli`.
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? MAX_HELP_WIDTH, MAX_HELP_WIDTH),
      getOutHasColors: () => hasColours(io),
    })
    .configureHelp({ minWidthToWrap: 20, subcommandTerm: (command) => command.name() });
  addHelp(
    program,
    "\nFlags come after the command. Each command has its own help: faktory push --help.",
  );
  addStatusHelp(program);
  addExamples(program, EXAMPLES);
  for (const command of commands) addCommand(program, command, { io, ended });
  return program;
}

function addStatusHelp(program: Command): void {
  const width = Math.max(...STATUS_TEXTS.map(([status]) => status.length));
  const lines = STATUS_TEXTS.map(([status, meaning]) => `  ${status.padEnd(width)}  ${meaning}`);
  addHelp(program, ["\nExit status:", ...lines].join("\n"), width + 2);
}
