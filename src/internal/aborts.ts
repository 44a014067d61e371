/**
 * Callbacks of each signal, which share one listener: Node warns of a leak from the eleventh
 * listener on.
 */
const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `callback` once when `signal` is aborted. Returns a function that cancels this. Does
 * nothing without a signal, or if it is already aborted.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => {};
  const callbacks = callbacksOf.get(signal) ?? listen(signal);
  // A wrapper, because the same callback may be passed twice.
  const entry = () => callback();
  callbacks.add(entry);
  return () => {
    if (!callbacks.delete(entry) || callbacks.size > 0) return;
    signal.removeEventListener("abort", callAll);
    callbacksOf.delete(signal);
  };
}

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>();
  callbacksOf.set(signal, callbacks);
  signal.addEventListener("abort", callAll);
  return callbacks;
}

function callAll(event: Event): void {
  // Not currentTarget: Node 20 sets it to null for all listeners but the first.
  const signal = event.target as AbortSignal;
  signal.removeEventListener("abort", callAll);
  const callbacks = callbacksOf.get(signal);
  callbacksOf.delete(signal);
  // Iterating over a set allows a callback to cancel later ones.
  for (const callback of callbacks ?? []) callback();
}
