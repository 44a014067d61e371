import type { FaktoryError } from "../errors.ts";
import type { EventNames, ListenerFailure } from "../events.ts";

/** The events of a relay; see `OutboxRelay.on`. */
export interface RelayEvents {
  /** Jobs were pushed. */
  push: { readonly count: number };
  /** A job was refused. It is not tried again unless `error` in its row is set to NULL. */
  reject: { readonly jid: string; readonly error: FaktoryError };
  /** The database or Faktory failed; the relay tries again after `retryInMs` milliseconds. */
  error: { readonly error: unknown; readonly retryInMs: number };
  /** A listener threw. */
  listenerError: ListenerFailure;
}

/** The names of {@linkcode RelayEvents}. */
export const RELAY_EVENTS = {
  push: true,
  reject: true,
  error: true,
  listenerError: true,
} as const satisfies EventNames<RelayEvents>;
