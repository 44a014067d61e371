import type { Clock } from "../internal/clock.ts";
import { environmentVariable } from "../internal/environment.ts";

/** The variable in which a supervisor leaves its process id to the processes that it starts. */
export const SUPERVISOR_VARIABLE = "FAKTORY_SUPERVISOR_PID";

/** How often to look whether the supervisor is there. */
const CHECK_MS = 1000;

interface Process {
  readonly ppid?: number;
  kill?(pid: number, signal: 0): void;
}

/**
 * Calls `gone` once if the supervisor that this process was started by, where there is one, ends
 * before it: nobody would stop this process then. The function returned ends the watch.
 */
export function watchSupervisor(gone: () => void, clock: Clock): () => void {
  const supervisor = Number(environmentVariable(SUPERVISOR_VARIABLE));
  const { process } = globalThis as unknown as { readonly process?: Process };
  if (!(Number.isSafeInteger(supervisor) && supervisor > 0) || process === undefined) {
    return () => {};
  }
  // Whose parent has ended gets another one, but for Windows, where it keeps the old one's id.
  const isChild = process.ppid === supervisor;
  const isGone = () => isChild && process.ppid !== supervisor || hasEnded(supervisor, process);
  const check = () => {
    if (isGone()) gone();
    else cancel = clock.after(CHECK_MS, check);
  };
  let cancel = clock.after(CHECK_MS, check);
  return () => cancel();
}

function hasEnded(pid: number, process: Process): boolean {
  try {
    process.kill?.(pid, 0);
    return false;
  } catch (error) {
    // Anything else, such as a permission that was not given, says nothing about the process.
    return (error as { code?: unknown } | null)?.code === "ESRCH";
  }
}
