import type { TimeoutError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { Connection, ConnectionEnd } from "./connection.ts";

/**
 * Default grace period, in ms. A working server replies within 5 s, its limit for its own store.
 */
export const GRACE_MS = 5000;

/**
 * Watches a connection on which the server does not reply.
 *
 * If a server was paused, it executes everything that it received as soon as it resumes. Commands
 * that were sent again would then run twice. So the silent connection stays open while another one
 * is opened. When the server replies on the new connection, the silent connection gets a grace
 * period. It is closed if the server does not reply on it in time.
 */
export class SilentWatch {
  readonly #clock: Clock;
  readonly #graceMs: number;
  #silent: { readonly connection: Connection; readonly error: TimeoutError } | undefined;
  /** A new connection on which the server has answered, kept during the grace period. */
  #next: Connection | undefined;
  #cancelGrace: (() => void) | undefined;
  #abandoned: Connection | undefined;

  constructor(clock: Clock, graceMs: number = GRACE_MS) {
    this.#clock = clock;
    this.#graceMs = graceMs;
  }

  /** True if there is a silent connection. */
  get isActive(): boolean {
    return this.#silent !== undefined;
  }

  /** True if a new connection waits for the end of the grace period. */
  get isInGrace(): boolean {
    return this.#next !== undefined;
  }

  /** Number of commands without a reply on the silent connection. */
  get load(): number {
    return this.#silent?.connection.load ?? 0;
  }

  /** Returns true if `connection` is the silent connection. */
  watches(connection: Connection): boolean {
    return this.#silent?.connection === connection;
  }

  /** Returns true if `connection` was abandoned: its commands must not be sent again. */
  hasAbandoned(connection: Connection): boolean {
    return this.#abandoned === connection;
  }

  /** Starts the watch. `error` is the reason if the silent connection is closed later. */
  begin(connection: Connection, error: TimeoutError): void {
    this.#silent = { connection, error };
  }

  /**
   * Starts the grace period, after the server has replied on `next`. `onNextEnd` is called if
   * `next` ends before the grace period.
   */
  startGrace(next: Connection, onNextEnd: (end: ConnectionEnd) => void): void {
    this.#next = next;
    this.#cancelGrace = this.#clock.after(this.#graceMs, () => {
      this.#cancelGrace = undefined;
      this.closeSilent();
    });
    void next.ended.then((end) => {
      if (this.#next !== next) return;
      this.#takeNext();
      onNextEnd(end);
    });
  }

  /** Ends the watch. Returns the new connection if the grace period was running. */
  end(): Connection | undefined {
    this.#silent = undefined;
    return this.#takeNext();
  }

  /**
   * Closes the silent connection, by default with the timeout as the reason. The caller handles its
   * end like any other.
   */
  closeSilent(reason: Error | undefined = this.#silent?.error): void {
    this.#silent?.connection.close(reason);
  }

  /** Closes the silent connection for good. */
  abandon(): void {
    this.#abandoned = this.#silent?.connection;
    this.closeSilent();
  }

  /** Closes both connections and ends the watch. Without a `reason` they are closed on purpose. */
  close(reason: Error | undefined): void {
    this.#silent?.connection.close(reason);
    this.end()?.close();
  }

  #takeNext(): Connection | undefined {
    const next = this.#next;
    this.#next = undefined;
    this.#cancelGrace?.();
    this.#cancelGrace = undefined;
    return next;
  }
}
