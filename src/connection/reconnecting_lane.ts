import { ConnectionLostError, StateError, type TimeoutError } from "../errors.ts";
import { Fifo } from "../internal/fifo.ts";
import { Attempts } from "./attempts.ts";
import { Dialer } from "./dialer.ts";
import type { Lane, LaneEnd } from "./lane.ts";
import { closed, isFinal, lost, lostUnsent, tooLate } from "./reconnect_errors.ts";
import type { ReconnectingLaneOptions } from "./reconnect_options.ts";
import type { Request } from "./request.ts";
import { SilentWatch } from "./silent_watch.ts";

/** After this many attempts a silent connection is closed, although attempts continue. */
const MAX_SILENT_TRIES = 10;

/**
 * A connection that reconnects when it is lost. Commands wait while there is no connection. The
 * commands that were in flight are sent again in their order, or rejected, as each command allows.
 *
 * A connection on which the server is silent is kept while another one is opened; see
 * {@linkcode SilentWatch}.
 */
export class ReconnectingLane {
  readonly #options: ReconnectingLaneOptions;
  readonly #waiting = new Fifo<Request>();
  readonly #attempts: Attempts;
  readonly #dialer: Dialer;
  readonly #silence: SilentWatch;
  /** The connection that commands are sent on. */
  #lane: Lane | undefined;
  /** Why there will never be a connection again. */
  #final: Error | undefined;
  /** END was sent: the server may hang up. */
  #isEnding = false;
  /** Called once a connection is made, or all waiting commands are settled. */
  #onChange: (() => void)[] = [];

  constructor(options: ReconnectingLaneOptions) {
    const { dial, reconnect, clock, graceMs } = options;
    this.#options = options;
    this.#attempts = new Attempts(reconnect, clock);
    this.#dialer = new Dialer(dial, clock);
    this.#silence = new SilentWatch(clock, graceMs);
  }

  /** Opens the first connection, in one attempt: a program that starts reports a failure at once. */
  async open(signal?: AbortSignal): Promise<void> {
    await this.#dialer.openFirst((lane) => {
      if (this.#final === undefined) return this.#adopt(lane);
      lane.close();
      throw this.#final;
    }, signal);
  }

  /** Commands that wait for a connection or for a reply. */
  get load(): number {
    return this.#waiting.length + (this.#lane?.load ?? 0) + this.#silence.load;
  }

  /** There is a connection, and the server answers on it. */
  get connected(): boolean {
    return this.#lane !== undefined;
  }

  /** There is a connection with commands in flight on which the server does not answer. */
  get isSilent(): boolean {
    return this.#silence.isActive;
  }

  /** See {@linkcode Lane.isFilling}. */
  get isFilling(): boolean {
    return this.#lane !== undefined && this.#lane.isFilling;
  }

  /** See {@linkcode Lane.reads}. */
  get reads(): number {
    return this.#lane === undefined ? 0 : this.#lane.reads;
  }

  /** See {@linkcode Lane.onceWritable}. */
  onceWritable(callback: () => void): void {
    if (this.#lane === undefined) return callback();
    this.#lane.onceWritable(callback);
  }

  /** See {@linkcode Lane.writing}. */
  get writing(): boolean {
    return this.#lane !== undefined && this.#lane.writing;
  }

  /** See {@linkcode Lane.flush}. */
  flush(): void {
    this.#lane?.flush();
  }

  /** Sends a command now, or once connected again. */
  send(request: Request): void {
    if (this.#final !== undefined) return request.reject(this.#final);
    if (this.#lane !== undefined) return this.#pass(this.#lane, request);
    this.#waiting.push(request);
    // After it gave up, the next command starts new attempts.
    if (!this.#isTrying) this.#connect();
  }

  /** Resolves when no command waits for a connection or a reply. */
  async drained(): Promise<void> {
    while (this.load > 0) {
      const lane = this.#lane;
      await new Promise<void>((resolve) => {
        if (lane !== undefined) return lane.onceIdle(resolve);
        this.#onChange.push(resolve);
      });
    }
  }

  /** Sends END after the commands in flight. Rejects waiting commands if there is no connection. */
  async end(): Promise<void> {
    this.#isEnding = true;
    if (this.#final === undefined) await this.#lane?.end();
    this.close();
  }

  /** Closes the connection at once, and rejects all waiting and later commands. */
  close(reason: Error = closed()): void {
    if (this.#final !== undefined) return;
    this.#final = reason;
    this.#dialer.stop(reason);
    const error = reason instanceof StateError ? undefined : reason;
    this.#lane?.close(error);
    this.#lane = undefined;
    this.#silence.close(error);
    this.#rejectWaiting(reason, reason instanceof ConnectionLostError);
    this.#options.listener.closed?.();
  }

  /** Replaces the connection, for example when the server has forgotten this worker. */
  renew(reason: Error): void {
    this.#lane?.close(reason);
    this.#silence.closeSilent(reason);
  }

  /** There will be a connection or another attempt, without another command. */
  get #isTrying(): boolean {
    return this.#dialer.isBusy || this.#silence.isInGrace;
  }

  #pass(lane: Lane, request: Request): void {
    if (request.cancelled === true) return request.reject(closed());
    if (request.notAfter !== undefined && this.#options.clock.now() > request.notAfter) {
      return request.reject(tooLate(request));
    }
    // Its unanswered commands are collected in a moment, and go first.
    if (lane.isEnded) return this.#waiting.push(request);
    request.sending?.();
    lane.send(request);
  }

  #adopt(lane: Lane): void {
    const { clock, reconnect: { maxMs } } = this.#options;
    const { replies } = lane;
    const since = clock.now();
    lane.watcher = {
      silent: (error) => {
        if (lane.replies > replies) this.#attempts.reset();
        this.#keepSilent(lane, error);
      },
      heard: () => this.#heard(lane),
    };
    void lane.ended.then((end) => {
      // A server that accepts connections but answers no command does not work, and the waits keep
      // growing. The proof is a reply to a command, or a long time without commands.
      const wasIdle = end.unanswered.length === 0 && clock.now() - since >= maxMs;
      if (lane.replies > replies || wasIdle) this.#attempts.reset();
      this.#onEnd(lane, end);
    });
    this.#use(lane);
  }

  #use(lane: Lane): void {
    this.#lane = lane;
    for (const request of this.#waiting.drain()) this.#pass(lane, request);
    this.#changed();
  }

  #keepSilent(lane: Lane, error: TimeoutError): void {
    if (this.#lane !== lane) return;
    if (this.#isEnding || this.#attempts.isForbidden) return lane.close(error);
    this.#lane = undefined;
    this.#silence.begin(lane, error);
    this.#attempts.failed();
    if (this.#attempts.isExhausted) return this.#giveUp(error);
    this.#options.listener.disconnected(error, 0);
    // The listener may have closed it.
    if (this.#silence.watches(lane)) this.#connect();
  }

  /** The server answers again on the silent connection. */
  #heard(lane: Lane): void {
    if (!this.#silence.watches(lane)) return;
    const next = this.#silence.end();
    this.#dialer.stop();
    next?.close();
    this.#attempts.reset();
    this.#use(lane);
    this.#options.listener.reconnected(0);
  }

  #onEnd(lane: Lane, end: LaneEnd): void {
    if (this.#lane === lane) this.#lane = undefined;
    const wasSilent = this.#silence.watches(lane);
    const next = wasSilent ? this.#silence.end() : undefined;
    const error = end.error ?? closed();
    const isOver = this.#final !== undefined || this.#isEnding || this.#silence.hasAbandoned(lane);
    if (isOver) next?.close();
    const again: Request[] = [];
    const given: Request[] = [];
    for (const request of end.unanswered) {
      const list = !isOver && this.#mayResend(request) ? again : given;
      if (list === again) request.resent = true;
      list.push(request);
    }
    if (!isOver) {
      this.#waiting.unshift([...again, ...end.unsent]);
      // During the silence another connection is being opened already.
      if (!wasSilent) this.#retryAfter(error);
      else if (next !== undefined) this.#replace(next);
    }
    // Last, because a caller may send another command at once.
    for (const request of given) request.reject(lost(request, "unknown", error));
    if (isOver) {
      for (const request of end.unsent) request.reject(lostUnsent(request, error));
    }
    if (this.load === 0) this.#changed();
  }

  #mayResend({ command }: Request): boolean {
    if (this.#attempts.isForbidden) return false;
    return command.resend === "safe" ||
      (command.resend === "once" && this.#options.delivery === "at-least-once");
  }

  /** Waits before the next attempt, or gives up. */
  #retryAfter(error: Error): void {
    this.#attempts.failed();
    if (isFinal(error) || this.#attempts.isExhausted) return this.#giveUp(error);
    // Its commands may be safe to send again, or have a deadline.
    if (this.#attempts.count >= MAX_SILENT_TRIES) this.#silence.closeSilent();
    const waitMs = this.#attempts.nextWaitMs();
    this.#dialer.wait(waitMs, () => this.#connect());
    this.#options.listener.disconnected(error, waitMs);
  }

  #giveUp(error: Error): void {
    const final = isFinal(error);
    if (final || this.#attempts.isForbidden) this.#final = error;
    this.#attempts.reset();
    this.#silence.abandon();
    this.#options.listener.disconnected(error, undefined);
    this.#rejectWaiting(error, !final);
  }

  #connect(): void {
    this.#attempts.begin();
    void this.#dialer.open({
      opened: (lane) => {
        if (!this.#silence.isActive) return this.#replace(lane);
        this.#silence.startGrace(lane, (end) => {
          if (this.#silence.isActive) this.#retryAfter(end.error ?? closed());
        });
      },
      failed: (error) => {
        this.#dropLate();
        // A caller whose command was rejected may have closed it.
        if (this.#final === undefined) this.#retryAfter(error);
      },
    });
  }

  #replace(lane: Lane): void {
    const { count } = this.#attempts;
    this.#adopt(lane);
    this.#options.listener.reconnected(count);
  }

  #dropLate(): void {
    const now = this.#options.clock.now();
    for (
      const late of this.#waiting.removeWhere(({ notAfter, cancelled }) =>
        cancelled === true || (notAfter !== undefined && now > notAfter)
      )
    ) late.reject(tooLate(late));
  }

  /** `isLost`: every request failed by a lost connection, not only those that were sent before. */
  #rejectWaiting(reason: Error, isLost: boolean): void {
    for (const request of this.#waiting.drain()) {
      request.reject(isLost || request.resent === true ? lostUnsent(request, reason) : reason);
    }
    this.#changed();
  }

  #changed(): void {
    const callbacks = this.#onChange;
    this.#onChange = [];
    for (const callback of callbacks) callback();
  }
}
