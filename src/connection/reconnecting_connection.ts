import { ConnectionLostError, StateError, type TimeoutError } from "../errors.ts";
import { Attempts } from "./attempts.ts";
import { Dialer, type OpenOptions } from "./dialer.ts";
import type { Connection, ConnectionEnd } from "./connection.ts";
import {
  closedError,
  deadlinePassed,
  isFinal,
  requestLost,
  unsentRequestLost,
} from "./reconnect_errors.ts";
import type { ReconnectingConnectionOptions } from "./reconnect_options.ts";
import type { Request } from "./request.ts";
import { sortInFlight } from "./resend.ts";
import { SilentWatch } from "./silent_watch.ts";
import { WaitingRequests } from "./waiting_requests.ts";

/** Number of attempts after which a silent connection is closed, although attempts continue. */
const MAX_SILENT_TRIES = 10;

/**
 * A connection that reconnects when it is lost. Commands wait while there is no connection.
 * Commands that were in flight are sent again in order, or rejected, depending on the command.
 *
 * If the server does not reply, the connection is kept while another one is opened; see {@linkcode
 * SilentWatch}.
 */
export class ReconnectingConnection {
  readonly #options: ReconnectingConnectionOptions;
  readonly #waiting = new WaitingRequests();
  readonly #attempts: Attempts;
  readonly #dialer: Dialer;
  readonly #silence: SilentWatch;
  /** The connection that commands are sent on. */
  #connection: Connection | undefined;
  /** The reason why there will not be a connection again. */
  #finalError: Error | undefined;
  /** True after END was sent: the server may close the connection. */
  #isEnding = false;
  /** Called when a connection was opened, or when all waiting commands are settled. */
  #onChange: (() => void)[] = [];

  constructor(options: ReconnectingConnectionOptions) {
    const { dial, reconnect, clock, graceMs } = options;
    this.#options = options;
    this.#attempts = new Attempts(reconnect, clock);
    this.#dialer = new Dialer(dial, clock);
    this.#silence = new SilentWatch(clock, graceMs);
  }

  /**
   * Opens the first connection, in one attempt, so that a program that starts reports a failure at
   * once.
   */
  async open(options?: OpenOptions): Promise<void> {
    await this.#dialer.openFirst((connection) => {
      if (this.#finalError === undefined) return this.#adopt(connection);
      connection.close();
      throw this.#finalError;
    }, options);
  }

  /** Number of commands that wait for a connection or a reply. */
  get load(): number {
    return this.#waiting.length + (this.#connection?.load ?? 0) + this.#silence.load;
  }

  /** True if there is a connection and the server replies on it. */
  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** True if there is a connection with commands in flight on which the server does not reply. */
  get isSilent(): boolean {
    return this.#silence.isActive;
  }

  /** The connection that commands are sent on now. */
  get current(): Connection | undefined {
    return this.#connection;
  }

  /** See {@linkcode Connection.reads}. */
  get reads(): number {
    return this.#connection === undefined ? 0 : this.#connection.reads;
  }

  /** Sends a command now, or when connected again. */
  send(request: Request): void {
    if (this.#finalError !== undefined) return request.reject(this.#finalError);
    if (this.#connection !== undefined) return this.#sendOn(this.#connection, request);
    this.#waiting.push(request);
    // After giving up, the next command starts new attempts.
    if (!this.#isTrying) this.#connect();
  }

  /** Resolves when no command waits for a connection or a reply. */
  async drained(): Promise<void> {
    while (this.load > 0) {
      const connection = this.#connection;
      await new Promise<void>((resolve) => {
        if (connection !== undefined) return connection.onceIdle(resolve);
        this.#onChange.push(resolve);
      });
    }
  }

  /** Sends END after the commands in flight. Rejects waiting commands if there is no connection. */
  async end(): Promise<void> {
    this.#isEnding = true;
    if (this.#finalError === undefined) await this.#connection?.end();
    this.close();
  }

  /** Closes the connection at once, and rejects all waiting and later commands. */
  close(reason: Error = closedError()): void {
    if (this.#finalError !== undefined) return;
    this.#finalError = reason;
    this.#dialer.stop(reason);
    const error = reason instanceof StateError ? undefined : reason;
    this.#connection?.close(error);
    this.#connection = undefined;
    this.#silence.close(error);
    this.#rejectWaiting(reason, reason instanceof ConnectionLostError);
    this.#options.listener.closed?.();
  }

  /** Replaces the connection, for example if the server has forgotten this worker. */
  renew(reason: Error): void {
    this.#connection?.close(reason);
    this.#silence.closeSilent(reason);
  }

  /** True if there will be a connection or another attempt without another command. */
  get #isTrying(): boolean {
    return this.#dialer.isBusy || this.#silence.isInGrace;
  }

  #sendOn(connection: Connection, request: Request): void {
    if (request.cancelled === true) return request.reject(closedError());
    if (request.notAfter !== undefined && this.#options.clock.now() > request.notAfter) {
      return request.reject(deadlinePassed(request));
    }
    // The unanswered commands of this connection will be collected and sent first.
    if (connection.isEnded) return this.#waiting.push(request);
    request.sending?.();
    connection.send(request);
  }

  #adopt(connection: Connection): void {
    const { clock, reconnect: { maxMs } } = this.#options;
    const since = clock.now();
    /** Number of replies that have reset the attempts. Each counts once. */
    let { replies } = connection;
    connection.listener = {
      silent: (error) => {
        if (connection.replies > replies) this.#attempts.reset();
        replies = connection.replies;
        this.#keepSilent(connection, error);
      },
      heard: () => this.#heard(connection),
      written: () => this.#options.ready?.(),
    };
    void connection.ended.then((end) => {
      // A server that accepts connections but does not reply to commands does not work, so the
      // delays keep growing. Proof of a working server is a reply to a command, or a long time
      // without commands.
      const wasIdle = end.unanswered.length === 0 && clock.now() - since >= maxMs;
      if (connection.replies > replies || wasIdle) this.#attempts.reset();
      this.#onEnd(connection, end);
    });
    this.#use(connection);
  }

  #use(connection: Connection): void {
    this.#connection = connection;
    for (const request of this.#waiting.take()) this.#sendOn(connection, request);
    this.#changed();
  }

  #keepSilent(connection: Connection, error: TimeoutError): void {
    if (this.#connection !== connection) return;
    if (this.#isEnding || this.#attempts.isForbidden) return connection.close(error);
    this.#connection = undefined;
    this.#silence.begin(connection, error);
    this.#attempts.failed();
    if (this.#attempts.isExhausted) return this.#giveUp(error);
    // Before the listener is called, which may send a command: that must not begin another attempt.
    this.#connect();
    this.#options.listener.disconnected(error, 0);
  }

  /** Called when the server replies again on the silent connection. */
  #heard(connection: Connection): void {
    if (!this.#silence.watches(connection)) return;
    const next = this.#silence.end();
    this.#dialer.stop();
    next?.close();
    this.#attempts.reset();
    this.#use(connection);
    this.#options.listener.reconnected(0);
  }

  #onEnd(connection: Connection, end: ConnectionEnd): void {
    if (this.#connection === connection) this.#connection = undefined;
    const wasSilent = this.#silence.watches(connection);
    const next = wasSilent ? this.#silence.end() : undefined;
    const error = end.error ?? closedError();
    const isOver = this.#finalError !== undefined || this.#isEnding ||
      this.#silence.hasAbandoned(connection);
    if (isOver) next?.close();
    const { resend, unknown } = sortInFlight(end.unanswered, {
      delivery: this.#options.delivery,
      mayResend: !isOver && !this.#attempts.isForbidden,
    });
    if (!isOver) {
      this.#waiting.requeue([...resend, ...end.unsent]);
      // During the silence another connection is already being opened.
      if (!wasSilent) this.#replaceOrRetry(error);
      else if (next !== undefined) this.#replace(next);
    }
    // Rejected last, because a caller may send another command at once.
    for (const request of unknown) request.reject(requestLost(request, "unknown", error));
    if (isOver) {
      for (const request of end.unsent) request.reject(unsentRequestLost(request, error));
    }
    if (this.load === 0) this.#changed();
  }

  /** Reconnects, unless other connections take over the requests. */
  #replaceOrRetry(error: Error): void {
    const isTaken = this.#options.handOver?.(error, () => this.#waiting.take());
    if (isTaken !== true) return this.#retryAfter(error);
    this.#finalError = closedError();
    this.#options.listener.replaced?.(error);
  }

  /** Waits before the next attempt, or gives up. */
  #retryAfter(error: Error): void {
    this.#attempts.failed();
    if (isFinal(error) || this.#attempts.isExhausted) return this.#giveUp(error);
    // Closed so that its commands can be sent again, or rejected after their deadline.
    if (this.#attempts.count >= MAX_SILENT_TRIES) this.#silence.closeSilent();
    const waitMs = this.#attempts.nextWaitMs();
    this.#dialer.wait(waitMs, () => this.#connect());
    this.#options.listener.disconnected(error, waitMs);
  }

  #giveUp(error: Error): void {
    const final = isFinal(error);
    if (final || this.#attempts.isForbidden) this.#finalError = error;
    this.#attempts.reset();
    this.#silence.abandon();
    this.#options.listener.disconnected(error, undefined);
    this.#rejectWaiting(error, !final);
  }

  #connect(): void {
    this.#attempts.begin();
    void this.#dialer.open({
      opened: (connection) => {
        if (!this.#silence.isActive) return this.#replace(connection);
        this.#silence.startGrace(connection, (end) => {
          if (this.#silence.isActive) this.#retryAfter(end.error ?? closedError());
        });
      },
      failed: (error) => {
        const late = this.#waiting.takeLate(this.#options.clock.now());
        this.#retryAfter(error);
        // Rejected last, because a caller may send another command at once.
        for (const request of late) request.reject(deadlinePassed(request));
        if (late.length > 0 && this.load === 0) this.#changed();
      },
    });
  }

  #replace(connection: Connection): void {
    const { count } = this.#attempts;
    this.#adopt(connection);
    this.#options.listener.reconnected(count);
  }

  #rejectWaiting(reason: Error, isLost: boolean): void {
    this.#waiting.reject(reason, isLost);
    this.#changed();
  }

  #changed(): void {
    const callbacks = this.#onChange;
    this.#onChange = [];
    for (const callback of callbacks) callback();
    this.#options.ready?.();
  }
}
