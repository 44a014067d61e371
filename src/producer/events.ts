import type { Outage, Recovery } from "../connection/status.ts";
import type { EventNames, ListenerFailure } from "../events.ts";

/** What a producer tells of itself; see {@linkcode Producer.on}. */
export interface ProducerEvents {
  /**
   * Connections were lost. Emitted once an outage, however many connections and tries there are,
   * and once more without `retryInMs` if nothing is tried any longer; the next call tries anew.
   */
  disconnect: Outage;
  /** All connections are back. */
  reconnect: Recovery;
  /**
   * Something that will not do what it seems to do. Codes: `ENTERPRISE_ONLY`; `PASSWORD_REFUSED`,
   * `PASSWORD_REQUIRED` and `PASSWORD_UNAVAILABLE` if the password is wrong when a connection is
   * made again; `CLOSE_TIMED_OUT`.
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
