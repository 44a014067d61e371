import type { Clock } from "../internal/clock.ts";
import type { Connection } from "./connection.ts";
import type { ReconnectPolicy } from "./options.ts";
import type { Request } from "./request.ts";

/**
 * Treatment of a command that must not run twice and that the server may have executed when the
 * connection ended.
 */
export type Delivery = "at-least-once" | "at-most-once";

/** Receives the events of a connection that reconnects. */
export interface ReconnectListener {
  /**
   * The connection was lost or the server does not reply, or an attempt to reconnect failed.
   * `retryInMs` is the time until the next attempt; `undefined` if there is none.
   */
  disconnected(error: Error, retryInMs: number | undefined): void;
  /**
   * Connected again, after this many attempts; 0 if the server replied again on the old connection.
   */
  reconnected(attempts: number): void;
  /** The connection was lost and is not opened again, because others take over its work. */
  replaced?(error: Error): void;
  /** The connection was closed on purpose. */
  closed?(): void;
}

/** Options of {@linkcode ReconnectingConnection}. */
export interface ReconnectingConnectionOptions {
  /**
   * Opens a connection. With `isAgain` it replaces another one, and the server must reply to a
   * command.
   */
  readonly dial: (signal: AbortSignal, isAgain: boolean) => Promise<Connection>;
  readonly reconnect: ReconnectPolicy;
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly listener: ReconnectListener;
  /**
   * Grace period of a silent connection after the server has replied on another, in ms. @default
   * 5000
   */
  readonly graceMs?: number | undefined;
  /**
   * Called when commands that were held back can be sent: a write ended, or the connection changed.
   */
  readonly ready?: (() => void) | undefined;
  /**
   * Called when the connection is lost. If it returns `true`, it has taken the waiting requests,
   * and the connection is not opened again.
   */
  readonly handOver?: ((error: Error, take: () => Request[]) => boolean) | undefined;
}
