import { type Clock, systemClock } from "../internal/clock.ts";
import { watchSupervisor } from "./orphan.ts";

/** What is to be done on each signal. */
export interface SignalActions {
  /** TERM and INT, and the end of the supervisor that started this process. */
  stop(): void;
  /** TSTP. */
  quiet(): void;
  /** TTIN. */
  print(): void;
}

interface Process {
  on?(name: string, listener: () => void): void;
  off?(name: string, listener: () => void): void;
}

/**
 * Heeds the signals of the operating system until the function returned is called. Does nothing
 * where there are none.
 */
export function onProcessSignals(
  { stop, quiet, print }: SignalActions,
  clock: Clock = systemClock,
): () => void {
  const { process } = globalThis as unknown as { readonly process?: Process };
  const heeded: (() => void)[] = [];
  const actions = [["SIGTERM", stop], ["SIGINT", stop], ["SIGTSTP", quiet], [
    "SIGTTIN",
    print,
  ]] as const;
  for (const [name, action] of actions) {
    const listener = () => action();
    try {
      process?.on?.(name, listener);
      heeded.push(() => process?.off?.(name, listener));
    } catch {
      // A system or a runtime that does not have this one.
    }
  }
  heeded.push(watchSupervisor(stop, clock));
  return () => heeded.forEach((forget) => forget());
}
