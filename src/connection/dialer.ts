import { onAbort } from "../internal/aborts.ts";
import type { Clock } from "../internal/clock.ts";
import type { Connection } from "./connection.ts";
import { asError } from "./reconnect_errors.ts";
import type { ReconnectingConnectionOptions } from "./reconnect_options.ts";

/** Receives the result of an attempt to connect. */
export interface DialListener {
  opened(connection: Connection): void;
  failed(error: Error): void;
}

/** Options for the first connection. */
export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Opens only when the server has replied to a command: a server with too many connections reports
   * that after HELLO.
   *
   * @default false
   */
  readonly isProven?: boolean | undefined;
}

/** Opens connections, one at a time, until it is stopped. */
export class Dialer {
  readonly #dial: ReconnectingConnectionOptions["dial"];
  readonly #clock: Clock;
  #connecting: AbortController | undefined;
  #cancelWait: (() => void) | undefined;

  constructor(dial: ReconnectingConnectionOptions["dial"], clock: Clock) {
    this.#dial = dial;
    this.#clock = clock;
  }

  /** True if an attempt is in progress, or is scheduled. */
  get isBusy(): boolean {
    return this.#connecting !== undefined || this.#cancelWait !== undefined;
  }

  /**
   * Opens the first connection. Rejects if the attempt fails or is stopped, or if `opened` throws.
   */
  async openFirst(
    opened: (connection: Connection) => void,
    { signal, isProven = false }: OpenOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    const attempt = new AbortController();
    this.#connecting = attempt;
    const removeListener = onAbort(signal, () => attempt.abort(signal?.reason));
    try {
      opened(await this.#dial(attempt.signal, isProven));
    } finally {
      this.#connecting = undefined;
      removeListener();
    }
  }

  /**
   * Opens a connection that replaces another one, and stops an attempt or a wait in progress. The
   * listener is not called if the attempt is stopped.
   */
  async open({ opened, failed }: DialListener): Promise<void> {
    this.stop();
    const attempt = new AbortController();
    this.#connecting = attempt;
    let connection: Connection;
    try {
      connection = await this.#dial(attempt.signal, true);
    } catch (error) {
      if (attempt.signal.aborted) return;
      this.#connecting = undefined;
      return failed(asError(error));
    }
    if (attempt.signal.aborted) return connection.close();
    this.#connecting = undefined;
    opened(connection);
  }

  /** Calls `callback` after a wait, unless stopped first. */
  wait(ms: number, callback: () => void): void {
    this.stop();
    this.#cancelWait = this.#clock.after(ms, () => {
      this.#cancelWait = undefined;
      callback();
    });
  }

  /** Cancels the attempt or the wait in progress. */
  stop(reason?: Error): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    this.#connecting?.abort(reason);
    this.#connecting = undefined;
  }
}
