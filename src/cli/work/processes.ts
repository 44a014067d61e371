import type { Invocation } from "../command.ts";
import { Crew, statusOf } from "./crew.ts";
import type { WorkFlags } from "./flags.ts";

/** Runs jobs in several processes, and restarts crashed ones. Returns the exit status. */
export async function runProcesses(invocation: Invocation<WorkFlags>): Promise<number> {
  const crew = new Crew(invocation);
  try {
    return await run(crew, invocation.flags);
  } finally {
    await crew.close();
  }
}

async function run(crew: Crew, { processes, untilEmpty, check }: WorkFlags): Promise<number> {
  // Checks first: otherwise each process would report the same error of the command line or module,
  // again and again.
  const flags = check === true ? [] : ["--check", "--quiet"];
  const tried = await crew.run({ flags, processes: 1, restart: "never", isTold: false });
  const status = statusOf(tried);
  if (crew.stopped.aborted || status !== 0 || check === true) return status;
  // A process that has found its queues empty is not replaced, nor one that crashed before that.
  const restart = untilEmpty === true ? "never" : "on-failure";
  return statusOf(await crew.run({ processes, restart }));
}
