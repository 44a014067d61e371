import type { Invocation } from "../../command.ts";
import { ProcessGroup, statusOf } from "./process_group.ts";
import type { WorkFlags } from "./flags.ts";

/** Runs jobs in several processes, and restarts crashed ones. Returns the exit status. */
export async function runProcesses(invocation: Invocation<WorkFlags>): Promise<number> {
  const group = new ProcessGroup(invocation);
  try {
    return await run(group, invocation.flags);
  } finally {
    await group.close();
  }
}

async function run(
  group: ProcessGroup,
  { processes, untilEmpty, check }: WorkFlags,
): Promise<number> {
  // Checks first: otherwise each process would report the same error of the command line or module,
  // again and again.
  const flags = check === true ? [] : ["--check", "--quiet"];
  const checkReport = await group.run({ flags, processes: 1, restart: "never", logsExits: false });
  const status = statusOf(checkReport);
  if (group.stopped.aborted || status !== 0 || check === true) return status;
  // A process that has found its queues empty is not replaced, nor one that crashed before that.
  const restart = untilEmpty === true ? "never" : "on-failure";
  return statusOf(await group.run({ processes, restart }));
}
