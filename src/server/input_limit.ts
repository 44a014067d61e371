import type { Clock } from "../internal/clock.ts";

/** Time in which data is read that arrived while the event loop was blocked, in milliseconds. */
const READ_MS = 100;

/**
 * Calls `callback` in `ms` milliseconds, as a limit on the time in which a client sends its data.
 * If the event loop is blocked for longer, the sockets are read first. Returns a function that
 * cancels this.
 */
export function limitInput(clock: Clock, ms: number, callback: () => void): () => void {
  let cancel = clock.after(ms - READ_MS, () => {
    cancel = clock.after(READ_MS, callback);
  });
  return () => cancel();
}
