import type { Command } from "commander";
import type { CliIo } from "./io.ts";
import { Output } from "./output.ts";
import { Status } from "./status.ts";
import { wrap } from "./width.ts";

/** Maximum width of the help, in columns. Longer lines are hard to read. */
export const MAX_HELP_WIDTH = 100;

/** The call of a command. */
export interface Invocation<Flags extends object = object> {
  /** The arguments after the command's name, without flags. */
  readonly args: readonly string[];
  readonly flags: Flags;
  readonly io: CliIo;
  readonly output: Output;
  /** The parser's object for the command. All commands are below its top `parent`. */
  readonly command: Command;
}

/**
 * A command: one file in `commands/`, and one line in `commands/all.ts`. Every command has `--help`
 * and `--json`.
 *
 * `Flags` has the flags that `configure` adds, by camelCase name.
 */
export interface CommandDefinition<Flags extends object = object> {
  readonly name: string;
  /** One line for the list of commands and for the start of the command's help. */
  readonly summary: string;
  /** More text for the help, printed after the flags. It is wrapped to the terminal's width. */
  readonly details?: string;
  /** Examples: the text after `faktory`, and its meaning. */
  readonly examples?: readonly (readonly [typed: string, meaning: string])[];
  /** Adds arguments and flags. */
  configure?(command: Command): void;
  /**
   * Runs the command. Returns the exit status, by default 0. Errors that it throws become one line
   * of output and a status, in `failure.ts`.
   */
  run?(invocation: Invocation<Flags>): Promise<number | void>;
  /** Subcommands, in place of `run`, such as `queues pause`. */
  readonly commands?: readonly CommandDefinition[];
  /** If true, runs when only its group is named: `queues` runs `queues list`. @default false */
  readonly isDefault?: boolean;
  /** If true, its argument is the id of a job, which may begin with a dash. @default false */
  readonly takesJid?: boolean;
}

/** Adds a command below `parent`. `ended` receives its exit status. */
export function addCommand(
  parent: Command,
  definition: CommandDefinition,
  { io, ended }: { readonly io: CliIo; readonly ended: (status: number) => void },
): void {
  const { name, summary, details, examples = [], commands = [], isDefault = false } = definition;
  const command = parent.command(name, { isDefault }).summary(summary).description(`${summary}.`);
  definition.configure?.(command);
  for (const below of commands) addCommand(command, below, { io, ended });
  if (definition.run !== undefined) {
    command.option("--json", "print JSON: one document, or one event per line");
    command.action(async () => {
      const flags: { json?: boolean } = command.opts();
      const output = new Output(io, flags.json === true);
      ended(
        await definition.run?.({ args: command.args, flags, io, output, command }) ?? Status.ok,
      );
    });
  }
  if (details !== undefined) addHelp(command, `\n${details}`);
  addExamples(command, examples);
}

/** Adds examples to a command's help. */
export function addExamples(
  command: Command,
  examples: NonNullable<CommandDefinition["examples"]>,
): void {
  if (examples.length === 0) return;
  const lines = examples.map(([typed, meaning]) => `  faktory ${typed}\n      ${meaning}`);
  addHelp(command, `\nExamples:\n${lines.join("\n")}`);
}

/**
 * Adds text to the end of a command's help, wrapped like the rest of it. `hang` is the additional
 * indentation of continuation lines.
 */
export function addHelp(command: Command, text: string, hang = 0): void {
  command.addHelpText("after", () => {
    const columns = command.configureOutput().getOutHelpWidth?.() ?? MAX_HELP_WIDTH;
    return wrap(text, columns, hang);
  });
}
