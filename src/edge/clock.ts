import type { Clock } from "../internal/clock.ts";

const { setTimeout, clearTimeout } = globalThis;

/**
 * A clock for Workers. It stores the timers when the module is loaded, because fake timers may
 * replace them. `systemClock` has ten times as much code.
 */
export const edgeClock: Clock = {
  now: Date.now,
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
