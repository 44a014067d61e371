import type { Outage, Recovery } from "../connection/status.ts";
import type { EventNames, ListenerFailure } from "../events.ts";

/** The events of a producer; see {@linkcode Producer.on}. */
export interface ProducerEvents {
  /**
   * Connections were lost. Emitted once per outage, not per connection or attempt. Emitted once
   * more without `retryInMs` when the producer stops reconnecting; the next call tries again.
   */
  disconnect: Outage;
  /** All connections are restored. */
  reconnect: Recovery;
  /**
   * Something does not work as the program may expect. Codes: `ENTERPRISE_ONLY`;
   * `PASSWORD_REFUSED`, `PASSWORD_REQUIRED` and `PASSWORD_UNAVAILABLE` if the password is wrong
   * while reconnecting; `CLOSE_TIMED_OUT`.
   */
  warning: { readonly code: string; readonly message: string };
  /** A listener threw. */
  listenerError: ListenerFailure;
}

export const PRODUCER_EVENTS = {
  disconnect: true,
  reconnect: true,
  warning: true,
  listenerError: true,
} as const satisfies EventNames<ProducerEvents>;
