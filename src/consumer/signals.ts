import { onAbort } from "../internal/aborts.ts";
import { onProcessSignals, type SignalActions } from "../signals/process_signals.ts";
import type { ConsumerOptions } from "./options.ts";

/** The actions of a consumer for each signal. */
export interface ConsumerSignalActions extends SignalActions {
  /** Called when the `signal` option is aborted. */
  abort(): void;
}

/**
 * Listens to the `signal` option, and with `handleSignals` to the signals of the operating system.
 * Returns a function that removes the listeners.
 */
export function listenForSignals(
  { signal, handleSignals, clock }: Pick<ConsumerOptions, "signal" | "handleSignals" | "clock">,
  actions: ConsumerSignalActions,
): () => void {
  const removeAbortListener = onAbort(signal, () => actions.abort());
  const removeSignalListeners = handleSignals === true
    ? onProcessSignals(actions, clock)
    : () => {};
  return () => {
    removeSignalListeners();
    removeAbortListener();
  };
}
