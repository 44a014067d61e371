import type { Clock } from "../internal/clock.ts";

const { setTimeout, clearTimeout } = globalThis;

/**
 * The clock of Workers, taken when the module is loaded, as fake timers may replace it. The one of
 * the package is ten times as large.
 */
export const edgeClock: Clock = {
  now: Date.now,
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
