import type { Outage } from "../connection/status.ts";
import type { Emitter } from "../events.ts";
import type { Clock } from "../internal/clock.ts";
import type { ConsumerEvents } from "./events.ts";

/** Interval of the event during an outage, in milliseconds. */
const EVERY_MS = 60_000;

/** Emits `outage` once a minute during an outage. */
export class OutageReminder {
  readonly #events: Emitter<ConsumerEvents>;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(events: Emitter<ConsumerEvents>, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  /** Called when an outage begins, or when reconnecting stops. */
  begin({ error, retryInMs }: Outage): void {
    this.end();
    if (retryInMs !== undefined) this.#wait(error, EVERY_MS);
  }

  /** Called when the outage or the run is over. */
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
