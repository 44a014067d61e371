import { type Clock, elapsedMs } from "../internal/clock.ts";

/** A timer that is this late means a blocked event loop, in milliseconds. */
const LATE_MS = 250;

/**
 * Calls `callback` in `ms` milliseconds, as a limit on the time in which a client sends its data.
 * If the timer is late, the event loop was blocked and has not read what has arrived, so the time
 * begins again. Returns a function that cancels this.
 */
export function limitInput(clock: Clock, ms: number, callback: () => void): () => void {
  let cancel: () => void;
  function wait() {
    const due = elapsedMs(clock) + ms;
    cancel = clock.after(ms, () => elapsedMs(clock) - due > LATE_MS ? wait() : callback());
  }
  wait();
  return () => cancel();
}
