/** Taken when the module is loaded: fake timers of test frameworks replace it later, and would hold every command back. */
const schedule = queueMicrotask;

/** Calls `callback` at the end of the turn, in a microtask. */
export function atEndOfTurn(callback: () => void): void {
  schedule(callback);
}
