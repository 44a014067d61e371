import { type Clock, elapsedMs } from "../internal/clock.ts";
import type { ServerInfo } from "../protocol/server_info.ts";

/** Time over which rates are measured, in milliseconds. */
const WINDOW_MS = 10_000;

/** Jobs per second. */
export interface JobRates {
  readonly processed: number;
  readonly failed: number;
}

interface Sample extends JobRates {
  readonly at: number;
}

/** Measures the rates of processed and failed jobs from the server's totals. */
export class Rates {
  readonly #clock: Clock;
  #samples: Sample[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the current rates, `undefined` until there are two samples. */
  measure({ totals: { processed, failures: failed } }: ServerInfo): JobRates | undefined {
    const at = elapsedMs(this.#clock);
    this.#samples = this.#samples.filter((sample) =>
      at - sample.at <= WINDOW_MS && sample.processed <= processed
    );
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (last === undefined || at - last.at >= 500) this.#samples.push({ at, processed, failed });
    const seconds = first === undefined ? 0 : (at - first.at) / 1000;
    if (first === undefined || seconds < 0.5) return undefined;
    return {
      processed: (processed - first.processed) / seconds,
      failed: Math.max(0, failed - first.failed) / seconds,
    };
  }
}
