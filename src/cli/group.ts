import type { Invocation } from "./command.ts";
import { CliError } from "./failure.ts";
import { showText } from "../internal/show.ts";
import { Status } from "./status.ts";

/** Rejects arguments after the default command of a group: they are misspelled subcommands. */
export function checkNoCommand({ args: [word] }: Invocation, group: string): void {
  if (word === undefined) return;
  throw new CliError(
    Status.usage,
    `unknown command ${showText(word)} of ${group}`,
    `see faktory ${group} --help`,
  );
}

/** Rejects an action that cannot be undone if `--yes` is missing. */
export function checkYes({ yes }: { readonly yes?: boolean }, action: string, lost: string): void {
  if (yes === true) return;
  throw new CliError(
    Status.usage,
    `Cannot ${action} without --yes as ${lost} would be deleted`,
    "add --yes to confirm",
  );
}
