import type { Clock } from "../../src/internal/clock.ts";

/** Returns a clock that is ahead of another by a fixed time. */
export function shifted(clock: Clock, aheadMs: number): Clock {
  return {
    now: () => clock.now() + aheadMs,
    after: (ms, callback) => clock.after(ms, callback),
    elapsed: () => clock.elapsed?.() ?? clock.now(),
  };
}
