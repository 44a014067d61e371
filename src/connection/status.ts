import { AuthenticationError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { ReconnectListener } from "./reconnect_options.ts";

/** The start of an outage, or the end of the attempts to reconnect. */
export interface Outage {
  /** The error that ended the first connection, or that of the last attempt. */
  readonly error: Error;
  /** Number of connections that were lost so far. */
  readonly connections: number;
  /** Time until the first attempt to reconnect, in milliseconds; `undefined` if there is none. */
  readonly retryInMs: number | undefined;
}

/** The end of an outage: all lost connections are restored. */
export interface Recovery {
  /** Total number of lost connections. */
  readonly connections: number;
  /**
   * Largest number of attempts that a connection needed; 0 if the server replied again on the old
   * one.
   */
  readonly attempts: number;
  /** Duration of the outage, in milliseconds. */
  readonly outageMs: number;
}

/** Receives outages. */
export interface StatusListener {
  /**
   * Connections were lost. Called once per outage, which lasts until all connections are restored.
   * Called once more without `retryInMs` when reconnecting stops.
   */
  disconnected(outage: Outage): void;
  /** All connections are restored. */
  reconnected(recovery: Recovery): void;
  /** The password is refused or not available while reconnecting. Called once per outage. */
  refused?(error: AuthenticationError): void;
}

/** Time to wait for other losses, which are then reported together, in milliseconds. */
const GATHER_MS = 10;

/** The common status of all connections of a producer or a consumer. */
export class ConnectionStatus {
  readonly #clock: Clock;
  readonly #listener: StatusListener;
  readonly #down = new Set<ReconnectListener>();
  #outage: {
    readonly since: number;
    readonly error: Error;
    retryInMs: number | undefined;
    readonly lost: Set<ReconnectListener>;
    readonly givenUp: Set<ReconnectListener>;
    hasEnded: boolean;
    attempts: number;
    isRefused: boolean;
    /** Cancels the pending report of the outage; `undefined` after the report. */
    cancelReport: (() => void) | undefined;
  } | undefined;

  /** `clock` must not be set back. */
  constructor(clock: Clock, listener: StatusListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Returns a listener for one more connection. */
  connection(): ReconnectListener {
    const connection: ReconnectListener = {
      disconnected: (error, retryInMs) => this.#lost(connection, error, retryInMs),
      reconnected: (attempts) => this.#restored(connection, attempts),
      replaced: (error) => this.#replaced(connection, error),
      closed: () => this.#closed(connection),
    };
    return connection;
  }

  #lost(connection: ReconnectListener, error: Error, retryInMs: number | undefined): void {
    this.#down.add(connection);
    this.#outage ??= {
      ...{ since: this.#clock.now(), error, retryInMs, lost: new Set(), givenUp: new Set() },
      ...{ attempts: 0, isRefused: false, hasEnded: false },
      cancelReport: this.#clock.after(GATHER_MS, () => this.#reportOrDrop()),
    };
    const outage = this.#outage;
    // The connections lost before were replaced, so the time of this attempt counts.
    if (this.#down.size === 1 && outage.cancelReport !== undefined) outage.retryInMs = retryInMs;
    outage.lost.add(connection);
    if (retryInMs === undefined) this.#gaveUp(connection, error);
    else outage.givenUp.delete(connection);
    if (error instanceof AuthenticationError && !outage.isRefused) {
      outage.isRefused = true;
      this.#listener.refused?.(error);
    }
  }

  #gaveUp(connection: ReconnectListener, error: Error): void {
    const outage = this.#outage!;
    outage.givenUp.add(connection);
    const isReported = outage.cancelReport === undefined;
    this.#report();
    if (outage.hasEnded || outage.givenUp.size < this.#down.size) return;
    outage.hasEnded = true;
    if (!isReported && outage.retryInMs === undefined) return;
    this.#listener.disconnected({ error, retryInMs: undefined, connections: outage.lost.size });
  }

  /**
   * Other connections take over the work of this one. That is no outage, unless they are lost too.
   */
  #replaced(connection: ReconnectListener, error: Error): void {
    this.#lost(connection, error, 0);
    this.#down.delete(connection);
  }

  /** Drops the outage if other connections took over the work of all lost ones. */
  #reportOrDrop(): void {
    if (this.#down.size > 0) this.#report();
    else this.#outage = undefined;
  }

  #report(): void {
    const outage = this.#outage;
    if (outage?.cancelReport === undefined) return;
    outage.cancelReport();
    outage.cancelReport = undefined;
    const { error, retryInMs, lost } = outage;
    this.#listener.disconnected({ error, retryInMs, connections: lost.size });
  }

  #restored(connection: ReconnectListener, attempts: number): void {
    const outage = this.#outage;
    if (outage === undefined || !this.#down.delete(connection)) return;
    outage.attempts = Math.max(outage.attempts, attempts);
    if (this.#down.size > 0) return;
    this.#report();
    this.#outage = undefined;
    const outageMs = this.#clock.now() - outage.since;
    this.#listener.reconnected({
      connections: outage.lost.size,
      attempts: outage.attempts,
      outageMs,
    });
  }

  #closed(connection: ReconnectListener): void {
    if (!this.#down.delete(connection) || this.#down.size > 0) return;
    this.#outage?.cancelReport?.();
    this.#outage = undefined;
  }
}
