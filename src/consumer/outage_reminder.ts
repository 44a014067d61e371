import type { Outage } from "../connection/status.ts";
import type { Emitter } from "../events.ts";
import type { Clock } from "../internal/clock.ts";
import type { ConsumerEvents } from "./events.ts";

/** How often an outage is told of while it lasts, in milliseconds. */
const EVERY_MS = 60_000;

/** Emits `outage` once a minute while one lasts. */
export class OutageReminder {
  readonly #events: Emitter<ConsumerEvents>;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(events: Emitter<ConsumerEvents>, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  /** An outage begins, or nothing is tried any longer. */
  begin({ error, retryInMs }: Outage): void {
    this.end();
    if (retryInMs !== undefined) this.#wait(error, EVERY_MS);
  }

  /** The outage is over, or the run is. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(error: Error, outageMs: number): void {
    this.#cancel = this.#clock.after(EVERY_MS, () => {
      this.#wait(error, outageMs + EVERY_MS);
      this.#events.emit("outage", { error, outageMs });
    });
  }
}
