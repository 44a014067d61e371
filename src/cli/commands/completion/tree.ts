import type { Argument, Command, Option } from "commander";

/** The values that complete a flag or an argument. */
export type Values = "files" | "anything" | readonly string[];

/** A flag to complete. */
export interface Flag {
  /** The names, such as `--queue` and `-q`. */
  readonly names: readonly string[];
  readonly help: string;
  /** `undefined` if the flag has no value. */
  readonly values: Values | undefined;
}

/** A command, or the whole program. */
export interface Node {
  /** The full command, such as `faktory push`. */
  readonly path: string;
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** The completion of its arguments, if it has any. */
  readonly values: Values | undefined;
  readonly commands: readonly Node[];
}

/** Lists the commands to complete, parents first. */
export function nodesOf(program: Command): readonly Node[] {
  return flatten(nodeOf(program, ""));
}

/** Puts a text on one line, for the shell's quotes. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function flatten(node: Node): readonly Node[] {
  return [node, ...node.commands.flatMap(flatten)];
}

function nodeOf(command: Command, above: string): Node {
  const help = command.createHelp();
  const path = `${above} ${command.name()}`.trim();
  const below = help.visibleCommands(command);
  // The `help` command takes the names of the others.
  const isHelp = (other: Command) => other.name() === "help" && above === "";
  const commands = below.map((other): Node => {
    if (!isHelp(other)) return nodeOf(other, path);
    const names = below.map((one) => one.name()).filter((name) => name !== "help");
    return { ...nodeOf(other, path), values: names };
  });
  const [argument] = command.registeredArguments;
  return {
    path,
    name: command.name(),
    summary: oneLine(command.summary() || command.description()),
    flags: help.visibleOptions(command).map(flagOf),
    values: argument === undefined ? undefined : valuesOf(argument, argument.name()),
    commands,
  };
}

function flagOf(option: Option): Flag {
  const { short, long, description } = option;
  const takesValue = option.required || option.optional;
  const [, name = ""] = /[<[]([^>\]]*)/.exec(option.flags) ?? [];
  return {
    names: [long, short].filter((name) => name !== undefined && name !== null),
    help: oneLine(description),
    values: takesValue ? valuesOf(option, name) : undefined,
  };
}

function valuesOf({ argChoices }: Pick<Argument | Option, "argChoices">, name: string): Values {
  if (argChoices !== undefined) return argChoices;
  return /file|module|folder|path/.test(name) ? "files" : "anything";
}
