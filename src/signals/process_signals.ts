import { type Clock, systemClock } from "../internal/clock.ts";
import { watchSupervisor } from "./orphan.ts";

/** The actions for signals of the operating system. */
export interface SignalActions {
  /** For TERM and INT, and for the end of the supervisor that started this process. */
  stop(): void;
  /** For TSTP. */
  quiet(): void;
  /** For TTIN. */
  print(): void;
}

interface Process {
  on?(name: string, listener: () => void): void;
  off?(name: string, listener: () => void): void;
}

/**
 * Listens to the signals of the operating system. Returns a function that removes the listeners.
 * Does nothing in runtimes without signals.
 */
export function onProcessSignals(
  { stop, quiet, print }: SignalActions,
  clock: Clock = systemClock,
): () => void {
  const { process } = globalThis as unknown as { readonly process?: Process };
  const removals: (() => void)[] = [];
  const actions = [["SIGTERM", stop], ["SIGINT", stop], ["SIGTSTP", quiet], [
    "SIGTTIN",
    print,
  ]] as const;
  for (const [name, action] of actions) {
    const listener = () => action();
    try {
      process?.on?.(name, listener);
      removals.push(() => process?.off?.(name, listener));
    } catch {
      // The system or the runtime does not have this signal.
    }
  }
  removals.push(watchSupervisor(stop, clock));
  return () => removals.forEach((remove) => remove());
}
