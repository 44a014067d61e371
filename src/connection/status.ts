import { AuthenticationError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { ConnectionListener } from "./reconnect_options.ts";

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
  readonly #down = new Set<ConnectionListener>();
  #outage: {
    readonly since: number;
    readonly error: Error;
    retryInMs: number | undefined;
    readonly lost: Set<ConnectionListener>;
    readonly givenUp: Set<ConnectionListener>;
    hasEnded: boolean;
    attempts: number;
    isRefused: boolean;
    /** Cancels the pending report of the outage; `undefined` after the report. */
    cancelTelling: (() => void) | undefined;
  } | undefined;

  /** `clock` must not be set back. */
  constructor(clock: Clock, listener: StatusListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Returns a listener for one more connection. */
  connection(): ConnectionListener {
    const connection: ConnectionListener = {
      disconnected: (error, retryInMs) => this.#lost(connection, error, retryInMs),
      reconnected: (attempts) => this.#back(connection, attempts),
      replaced: (error) => this.#replaced(connection, error),
      closed: () => this.#closed(connection),
    };
    return connection;
  }

  #lost(connection: ConnectionListener, error: Error, retryInMs: number | undefined): void {
    this.#down.add(connection);
    this.#outage ??= {
      ...{ since: this.#clock.now(), error, retryInMs, lost: new Set(), givenUp: new Set() },
      ...{ attempts: 0, isRefused: false, hasEnded: false },
      cancelTelling: this.#clock.after(GATHER_MS, () => this.#tellOrForget()),
    };
    const outage = this.#outage;
    // The connections lost before were replaced, so the time of this attempt counts.
    if (this.#down.size === 1 && outage.cancelTelling !== undefined) outage.retryInMs = retryInMs;
    outage.lost.add(connection);
    if (retryInMs === undefined) this.#gaveUp(connection, error);
    else outage.givenUp.delete(connection);
    if (error instanceof AuthenticationError && !outage.isRefused) {
      outage.isRefused = true;
      this.#listener.refused?.(error);
    }
  }

  #gaveUp(connection: ConnectionListener, error: Error): void {
    const outage = this.#outage!;
    outage.givenUp.add(connection);
    const isTold = outage.cancelTelling === undefined;
    this.#tell();
    if (outage.hasEnded || outage.givenUp.size < this.#down.size) return;
    outage.hasEnded = true;
    if (!isTold && outage.retryInMs === undefined) return;
    this.#listener.disconnected({ error, retryInMs: undefined, connections: outage.lost.size });
  }

  /**
   * Others take over the work of this connection: that is no outage, unless they are lost as well.
   */
  #replaced(connection: ConnectionListener, error: Error): void {
    this.#lost(connection, error, 0);
    this.#down.delete(connection);
  }

  /** If other connections took over the work of all lost ones, there is no outage. */
  #tellOrForget(): void {
    if (this.#down.size > 0) this.#tell();
    else this.#outage = undefined;
  }

  #tell(): void {
    const outage = this.#outage;
    if (outage?.cancelTelling === undefined) return;
    outage.cancelTelling();
    outage.cancelTelling = undefined;
    const { error, retryInMs, lost } = outage;
    this.#listener.disconnected({ error, retryInMs, connections: lost.size });
  }

  #back(connection: ConnectionListener, attempts: number): void {
    const outage = this.#outage;
    if (outage === undefined || !this.#down.delete(connection)) return;
    outage.attempts = Math.max(outage.attempts, attempts);
    if (this.#down.size > 0) return;
    this.#tell();
    this.#outage = undefined;
    const outageMs = this.#clock.now() - outage.since;
    this.#listener.reconnected({
      connections: outage.lost.size,
      attempts: outage.attempts,
      outageMs,
    });
  }

  #closed(connection: ConnectionListener): void {
    if (!this.#down.delete(connection) || this.#down.size > 0) return;
    this.#outage?.cancelTelling?.();
    this.#outage = undefined;
  }
}
