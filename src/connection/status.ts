import { AuthenticationError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { ConnectionListener } from "./reconnect_options.ts";

/** The begin of an outage, or the end of the tries to end it. */
export interface Outage {
  /** Why the first connection was lost, or why the last try failed. */
  readonly error: Error;
  /** Connections that were lost so far. */
  readonly connections: number;
  /** When the first of them is tried again, in milliseconds; `undefined` if none is. */
  readonly retryInMs: number | undefined;
}

/** The end of an outage: every connection that was lost is back. */
export interface Recovery {
  /** Connections that were lost, in all. */
  readonly connections: number;
  /** Most tries that one of them took; 0 if they went on by themselves. */
  readonly attempts: number;
  /** How long it lasted, in milliseconds. */
  readonly outageMs: number;
}

/** Hears of outages. */
export interface StatusListener {
  /**
   * Connections were lost. Called once for all that are lost until all are back, and once more if
   * no connection is tried any longer, without `retryInMs`.
   */
  disconnected(outage: Outage): void;
  /** All are back. */
  reconnected(recovery: Recovery): void;
  /**
   * The password is refused, or cannot be had, while connections are made again. Called once an
   * outage.
   */
  refused?(error: AuthenticationError): void;
}

/** Losses that come together are told together: so long is waited for others, in milliseconds. */
const GATHER_MS = 10;

/** One status of all connections of a producer or a consumer. */
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
    /** Calls off telling it, until it is told. */
    cancelTelling: (() => void) | undefined;
  } | undefined;

  /** `clock` must not be set back. */
  constructor(clock: Clock, listener: StatusListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** What one more connection tells its losses to. */
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
    // Those before it were replaced: this one is tried again.
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

  /** Its work goes on elsewhere: no outage, unless all others are lost as well. */
  #replaced(connection: ConnectionListener, error: Error): void {
    this.#lost(connection, error, 0);
    this.#down.delete(connection);
  }

  /** If the others do the work of all that were lost, there is no outage. */
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
