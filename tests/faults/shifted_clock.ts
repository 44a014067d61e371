import type { Clock } from "../../src/internal/clock.ts";

/** A clock that is so far ahead of another, and that time passes for alike. */
export function shifted(clock: Clock, aheadMs: number): Clock {
  return {
    now: () => clock.now() + aheadMs,
    after: (ms, callback) => clock.after(ms, callback),
    elapsed: () => clock.elapsed?.() ?? clock.now(),
  };
}
