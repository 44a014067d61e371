import type { Command } from "commander";
import type { CliIo } from "./io.ts";
import { Output } from "./output.ts";
import { Status } from "./status.ts";

/** What a command is called with. */
export interface Invocation<Flags extends object = object> {
  /** What stands behind the command and is no flag. */
  readonly args: readonly string[];
  readonly flags: Flags;
  readonly io: CliIo;
  readonly output: Output;
  /** The command as the parser has it; all commands are below its uppermost `parent`. */
  readonly command: Command;
}

/**
 * A command: one file in `commands/`, and one line in its `all.ts`. Each has `--help` and `--json`
 * by itself.
 *
 * `Flags` are those that `configure` adds, by their names without the dashes, in camelCase.
 */
export interface CommandDefinition<Flags extends object = object> {
  readonly name: string;
  /** One line for the list of commands, and the beginning of its help. */
  readonly summary: string;
  /** More for its help, below its flags. */
  readonly details?: string;
  /** What is typed behind `faktory`, and what it does. */
  readonly examples?: readonly (readonly [typed: string, meaning: string])[];
  /** Adds its arguments and flags. */
  configure?(command: Command): void;
  /**
   * Does it; the exit status where it is not 0. What it throws becomes one line and a status by
   * `failure.ts`.
   */
  run?(invocation: Invocation<Flags>): Promise<number | void>;
  /** Commands of its own, in place of `run`: `queues pause`. */
  readonly commands?: readonly CommandDefinition[];
  /** Whether it runs where only its group is named: `queues` for `queues list`. @default false */
  readonly isDefault?: boolean;
}

/** Adds a command below `parent`; `ended` hears its exit status. */
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
    command.option("--json", "print JSON, a document or an event a line");
    command.action(async () => {
      const flags: { json?: boolean } = command.opts();
      const output = new Output(io, flags.json === true);
      ended(
        await definition.run?.({ args: command.args, flags, io, output, command }) ?? Status.ok,
      );
    });
  }
  if (details !== undefined) command.addHelpText("after", `\n${details}`);
  addExamples(command, examples);
}

/** Ends a command's help with examples, each as it is typed and with what it does. */
export function addExamples(
  command: Command,
  examples: NonNullable<CommandDefinition["examples"]>,
): void {
  if (examples.length === 0) return;
  const lines = examples.map(([typed, meaning]) => `  faktory ${typed}\n      ${meaning}`);
  command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}
