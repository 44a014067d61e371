/**
 * Callbacks of each signal, behind one listener: from the eleventh listener on, Node warns of a
 * leak.
 */
const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `callback` once when `signal` is aborted; the function returned calls that off. A signal
 * that is aborted already, and no signal at all, call nothing.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => {};
  const callbacks = callbacksOf.get(signal) ?? listen(signal);
  // Not the function itself: the same one may be given twice.
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
  const signal = event.currentTarget as AbortSignal;
  signal.removeEventListener("abort", callAll);
  const callbacks = callbacksOf.get(signal);
  callbacksOf.delete(signal);
  // A set lets callbacks be called off by those before them.
  for (const callback of callbacks ?? []) callback();
}
