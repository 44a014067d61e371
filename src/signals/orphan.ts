import type { Clock } from "../internal/clock.ts";
import { environmentVariable } from "../internal/environment.ts";

/**
 * The environment variable in which a supervisor passes its process id to the processes it starts.
 */
export const SUPERVISOR_VARIABLE = "FAKTORY_SUPERVISOR_PID";

/** Interval of the checks for the supervisor, in milliseconds. */
const CHECK_MS = 1000;

interface Process {
  readonly ppid?: number;
  kill?(pid: number, signal: 0): void;
}

/**
 * Calls `gone` once if the supervisor that started this process ends first, because then nobody
 * would stop this process. Does nothing without a supervisor. Returns a function that ends the
 * watch.
 */
export function watchSupervisor(gone: () => void, clock: Clock): () => void {
  const supervisor = Number(environmentVariable(SUPERVISOR_VARIABLE));
  const { process } = globalThis as unknown as { readonly process?: Process };
  if (!(Number.isSafeInteger(supervisor) && supervisor > 0) || process === undefined) {
    return () => {};
  }
  // A process whose parent has ended gets a new parent, except on Windows, where it keeps the old
  // id.
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
    // Other errors, such as a missing permission, say nothing about the process.
    return (error as { code?: unknown } | null)?.code === "ESRCH";
  }
}
