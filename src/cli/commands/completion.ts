import { Argument, type Command } from "commander";
import type { CommandDefinition, Invocation } from "../command.ts";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { nodesOf } from "../completion/tree.ts";
import { zshScript } from "../completion/zsh.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** `faktory completion`: prints a script that completes the command, its flags and their values. */
export const completion: CommandDefinition = {
  name: "completion",
  summary: "Prints a script that completes the command in a shell",
  details:
    "It is for where faktory is on the path. The script is for this version: after an update " +
    "it\nis to be made again, unless it is made each time that a shell starts.",
  examples: [
    ["completion bash >> ~/.bash_completion", "for each bash that starts from now on"],
    ["completion zsh > ~/.zfunc/_faktory", "for zsh, where ~/.zfunc is in its fpath"],
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
