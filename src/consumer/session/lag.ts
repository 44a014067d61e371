import { WORKER_TIMEOUT_MS } from "../health.ts";
import type { SessionContext } from "./context.ts";
import type { Heartbeat } from "./heartbeat.ts";

/** Interval of the measurement, in milliseconds. */
const EVERY_MS = 1000;

/** Smallest lag that is reported, in milliseconds. */
const MIN_LAG_MS = 250;

/**
 * Measures how late timers fire. A late timer means a blocked event loop or a sleeping machine, and
 * emits `lag`. A timer that is early means that the clock was set back, and emits `clock`.
 */
export class LagMonitor {
  /** Delay of the last timer, in milliseconds. */
  lastMs = 0;
  readonly #context: SessionContext;
  readonly #heartbeat: Heartbeat;
  #cancel: () => void;

  constructor(context: SessionContext, heartbeat: Heartbeat) {
    this.#context = context;
    this.#heartbeat = heartbeat;
    this.#cancel = this.#next();
  }

  /** Cancels the timer. */
  close(): void {
    this.#cancel();
  }

  #next(): () => void {
    const { clock } = this.#context;
    const due = clock.now() + EVERY_MS;
    return clock.after(EVERY_MS, () => {
      this.#cancel = this.#next();
      const lagMs = clock.now() - due;
      this.#context.monotonic.sync();
      this.lastMs = Math.max(0, lagMs);
      if (lagMs >= MIN_LAG_MS) this.#late(lagMs);
      else if (-lagMs >= MIN_LAG_MS) {
        this.#context.events.emit("clock", { setBackMs: -lagMs });
      }
    });
  }

  #late(lagMs: number): void {
    this.#context.events.emit("lag", { lagMs });
    // The server may have forgotten the worker. Check now instead of in 15 seconds.
    if (lagMs >= WORKER_TIMEOUT_MS) this.#heartbeat.beat();
  }
}
