import type { Invocation } from "../../command.ts";
import { CliError } from "../../failure.ts";
import { Status } from "../../status.ts";
import { printable } from "../../text.ts";
import { ProcessGroup, statusOf } from "./process_group.ts";
import type { WorkFlags } from "./flags.ts";
import { locate, shortPath } from "./locate.ts";
import { WorkLog } from "./log.ts";
import { SourceWatcher } from "./source_watcher.ts";

/** Statuses that a change of the module cannot fix. */
const FINAL: readonly number[] = [
  Status.usage,
  Status.unavailable,
  Status.protocol,
  Status.permission,
];

/**
 * Runs jobs in a process that is replaced when a file of the modules changes. Returns the exit
 * status.
 */
export async function runWatched(invocation: Invocation<WorkFlags>): Promise<number> {
  const paths = invocation.args.map(locate).map(({ name, path }) => path ?? refuse(name));
  const watcher = await SourceWatcher.open(paths);
  const group = new ProcessGroup(invocation);
  try {
    return await run(group, watcher, invocation);
  } finally {
    await group.close();
    watcher.close();
  }
}

async function run(
  group: ProcessGroup,
  watcher: SourceWatcher,
  invocation: Invocation<WorkFlags>,
): Promise<number> {
  const log = new WorkLog(invocation);
  const { processes = 1 } = invocation.flags;
  for (let isFirst = true;; isFirst = false) {
    // The process that starts now reads the current files.
    watcher.take();
    let hasChanged = false;
    const change = watcher.changed(group.stopped).then(() => {
      hasChanged = true;
      const files = watcher.take().map(shortPath);
      if (files.length > 0) log.log("changed", { files }, `Changed: ${files.join(", ")}`);
      group.end();
    });
    const report = await group.run({ processes, restart: "never", logsExits: false });
    if (group.stopped.aborted) return Status.ok;
    const status = statusOf(report);
    if (isFirst && FINAL.includes(status)) return status;
    if (!hasChanged) {
      log.log("waiting", { status }, `Ended with status ${status}; waiting for a change`);
    }
    await change;
    if (group.stopped.aborted) return Status.ok;
  }
}

function refuse(name: string): never {
  throw new CliError(
    Status.usage,
    `Cannot watch ${printable(name)} as it is not a file`,
    "pass the module's file, or leave out --watch",
  );
}
