import { Argument, type Command } from "commander";
import type { CommandDefinition, Invocation } from "../../command.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { nodesOf } from "./tree.ts";
import { zshScript } from "./zsh.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** `faktory completion`: prints a script that completes the command, its flags and their values. */
export const completion: CommandDefinition = {
  name: "completion",
  summary: "Prints a completion script for a shell",
  details:
    "It needs faktory on the path. The script is for this version of the command: create it " +
    "again after an update.",
  examples: [
    ["completion bash >> ~/.bash_completion", "for every new bash"],
    ["completion zsh > ~/.zfunc/_faktory", "for zsh, if ~/.zfunc is in its fpath"],
    ["completion fish > ~/.config/fish/completions/faktory.fish", "for fish"],
  ],
  configure(command: Command): void {
    const shell = new Argument("<shell>", "bash, zsh or fish").choices(Object.keys(SCRIPTS));
    command.addArgument(shell);
  },
  run,
};

function run({ args: [shell], output, command }: Invocation): Promise<void> {
  const program = command.parent ?? command;
  const script = SCRIPTS[shell as keyof typeof SCRIPTS](nodesOf(program)).trimEnd();
  output.print({ shell, script }, () => script);
  return Promise.resolve();
}
