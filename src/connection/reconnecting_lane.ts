import { ConnectionLostError, StateError, type TimeoutError } from "../errors.ts";
import { onAbort } from "../internal/aborts.ts";
import { backoffMs } from "../internal/backoff.ts";
import type { Clock } from "../internal/clock.ts";
import { Fifo } from "../internal/fifo.ts";
import type { Lane, LaneEnd } from "./lane.ts";
import type { ReconnectPolicy } from "./options.ts";
import { asError, closed, isFinal, lost, tooLate } from "./reconnect_errors.ts";
import type { Request } from "./request.ts";

/** What becomes of a command that may have been carried out, and that is not to be carried out twice. */
export type Delivery = "at-least-once" | "at-most-once";

/** Hears what happens to a connection that is to last. */
export interface LaneListener {
  /**
   * The connection was lost or is silent, or could not be made again at a try; `retryInMs` says when the next try follows, if
   * one does.
   */
  disconnected(error: Error, retryInMs: number | undefined): void;
  /** It is back, after this many tries; 0 if a silent connection went on by itself. */
  reconnected(attempts: number): void;
  /** It was closed on purpose. */
  closed?(): void;
}

/** Settings of a lane that comes back. */
export interface ReconnectingLaneOptions {
  /** Opens a connection. `isAgain`: one that takes another's place, so that it has to be proven to work. */
  readonly dial: (signal: AbortSignal, isAgain: boolean) => Promise<Lane>;
  readonly reconnect: ReconnectPolicy;
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly listener: LaneListener;
  /** A server that answers on another connection has so long to go on with a silent one, in milliseconds. @default 5000 */
  readonly graceMs?: number | undefined;
}

/** The server gives up on its store after five seconds, and answers then: one that is well is not silent for longer. */
export const GRACE_MS = 5000;

/** Tries after which a silent connection is given up although tries go on. */
const MAX_SILENT_TRIES = 10;

/**
 * A connection that is made again when it ends. Commands wait while there is none, and those that were in flight are sent
 * again, in their order, or given up, as each command says of itself.
 *
 * A connection on which the server is silent is kept while another one is tried. If the server stood still, it carries out
 * what it was sent as soon as it goes on, and all of that would be there twice if it were sent again. Only when the server
 * answers on the new connection, and still not on the old one, are commands sent again.
 */
export class ReconnectingLane {
  readonly #options: ReconnectingLaneOptions;
  readonly #waiting = new Fifo<Request>();
  #lane: Lane | undefined;
  /** The connection on which the server is silent. */
  #silent: { readonly lane: Lane; readonly error: Error } | undefined;
  /** A connection that the server has answered on, while it is seen whether the silent one goes on. */
  #next: Lane | undefined;
  /** Tries since the last answer to a command. */
  #attempt = 0;
  /** When the server last answered, or nothing waited for it. */
  #troubleSince: number | undefined;
  #connecting: AbortController | undefined;
  /** Calls off the next step: another try, or the end of a silent connection. */
  #cancelWait: (() => void) | undefined;
  /** Why no lane can be had, now and for ever. */
  #final: Error | undefined;
  /** The server was told goodbye, so that it hangs up is no loss. */
  #isEnding = false;
  /** A silent connection that was given up for good: what was sent on it is not sent again. */
  #abandoned: Lane | undefined;
  /** Called once the connection is made, or what waits for it is given up. */
  #onChange: (() => void)[] = [];

  constructor(options: ReconnectingLaneOptions) {
    this.#options = options;
  }

  /** Makes the first connection. It is tried once only: who starts a program wants to hear at once that it cannot work. */
  async open(signal?: AbortSignal): Promise<void> {
    const giveUp = new AbortController();
    signal?.throwIfAborted();
    this.#connecting = giveUp;
    const forget = onAbort(signal, () => giveUp.abort(signal?.reason));
    try {
      const lane = await this.#options.dial(giveUp.signal, false);
      if (this.#final === undefined) return this.#adopt(lane);
      lane.close();
      throw this.#final;
    } finally {
      this.#connecting = undefined;
      forget();
    }
  }

  /** Commands that wait for a connection or for their reply. */
  get load(): number {
    return this.#waiting.length + (this.#lane?.load ?? 0) + (this.#silent?.lane.load ?? 0);
  }

  /** Whether there is a connection at this moment on which the server answers. */
  get connected(): boolean {
    return this.#lane !== undefined;
  }

  /** Whether there is a connection with commands in flight that the server is silent on. */
  get isSilent(): boolean {
    return this.#silent !== undefined;
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

  /** Sends a command now, or once there is a connection again. */
  send(request: Request): void {
    if (this.#final !== undefined) return request.reject(this.#final);
    if (this.#lane !== undefined) return this.#pass(this.#lane, request);
    this.#waiting.push(request);
    // After the last try was given up, the next command is reason to try anew.
    if (!this.#isTrying) void this.#connect();
  }

  /** Resolves once nothing waits for a connection or a reply. */
  async drained(): Promise<void> {
    while (this.load > 0) {
      const lane = this.#lane;
      await new Promise<void>((resolve) => {
        if (lane !== undefined) return lane.onceIdle(resolve);
        this.#onChange.push(resolve);
      });
    }
  }

  /** Says goodbye behind what is in flight. Where there is no connection, what waits is rejected. */
  async end(): Promise<void> {
    this.#isEnding = true;
    if (this.#final === undefined) await this.#lane?.end();
    this.close();
  }

  /** Ends the connection at once; what waits is rejected, and so is whatever comes later. */
  close(reason: Error = closed()): void {
    if (this.#final !== undefined) return;
    this.#final = reason;
    this.#stopTrying(reason);
    for (const lane of [this.#lane, this.#silent?.lane]) {
      lane?.close(reason instanceof StateError ? undefined : reason);
    }
    this.#lane = this.#silent = undefined;
    this.#rejectWaiting((request) =>
      request.resent === true
        ? lost(request, "unknown", reason)
        : reason instanceof ConnectionLostError
        ? lost(request, "not-sent", reason)
        : reason
    );
    this.#options.listener.closed?.();
  }

  /** Gives the connection up so that another is made, for example as the server has forgotten who this is. */
  renew(reason: Error): void {
    this.#lane?.close(reason);
    this.#silent?.lane.close(reason);
  }

  /** Whether a connection is being made, or will be without another command. */
  get #isTrying(): boolean {
    return this.#connecting !== undefined || this.#cancelWait !== undefined;
  }

  #stopTrying(reason?: Error): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    this.#connecting?.abort(reason);
    this.#connecting = undefined;
    const next = this.#next;
    this.#next = undefined;
    next?.close();
  }

  #pass(lane: Lane, request: Request): void {
    if (request.cancelled === true) return request.reject(closed());
    if (request.notAfter !== undefined && this.#options.clock.now() > request.notAfter) {
      return request.reject(tooLate(request));
    }
    // What it leaves behind is taken in a moment, and goes before this.
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
        if (lane.replies > replies) this.#worked();
        this.#keepSilent(lane, error);
      },
      heard: () => this.#heard(lane),
    };
    void lane.ended.then((end) => {
      // A server that takes everybody, and hangs up at once or ignores what it is told, is as good as none: the waits go on
      // growing. Only an answered command shows that it works, or time in which nothing was asked.
      const wasIdle = end.unanswered.length === 0 && clock.now() - since >= maxMs;
      if (lane.replies > replies || wasIdle) this.#worked();
      this.#onEnd(lane, end);
    });
    this.#use(lane);
  }

  #use(lane: Lane): void {
    this.#lane = lane;
    for (const request of this.#waiting.drain()) this.#pass(lane, request);
    this.#changed();
  }

  #worked(): void {
    this.#attempt = 0;
    this.#troubleSince = undefined;
  }

  #keepSilent(lane: Lane, error: TimeoutError): void {
    const { reconnect, listener } = this.#options;
    if (this.#lane !== lane) return;
    if (this.#isEnding || reconnect.attempts === 0) return lane.close(error);
    this.#lane = undefined;
    this.#silent = { lane, error };
    this.#troubleSince ??= this.#options.clock.now();
    if (this.#isExhausted()) return this.#giveUp(error);
    listener.disconnected(error, 0);
    if (this.#silent?.lane === lane) void this.#connect();
  }

  /** The server says something again on the connection that was silent. */
  #heard(lane: Lane): void {
    if (this.#silent?.lane !== lane) return;
    this.#silent = undefined;
    this.#stopTrying();
    this.#worked();
    this.#use(lane);
    this.#options.listener.reconnected(0);
  }

  #onEnd(lane: Lane, end: LaneEnd): void {
    if (this.#lane === lane) this.#lane = undefined;
    const wasSilent = this.#silent?.lane === lane;
    if (wasSilent) this.#silent = undefined;
    const error = end.error ?? closed();
    const isOver = this.#final !== undefined || this.#isEnding || lane === this.#abandoned;
    const again: Request[] = [];
    const given: Request[] = [];
    for (const request of end.unanswered) {
      const list = !isOver && this.#mayResend(request) ? again : given;
      if (list === again) request.resent = true;
      list.push(request);
    }
    if (!isOver) {
      this.#waiting.unshift([...again, ...end.unsent]);
      // While it was silent, another connection was being made anyway.
      if (!wasSilent) this.#retryAfter(error);
      else if (this.#next !== undefined) this.#replace(this.#next);
    }
    // Last, as whoever is told may send something else at once.
    for (const request of given) request.reject(lost(request, "unknown", error));
    if (isOver) {
      for (const request of end.unsent) {
        request.reject(lost(request, request.resent === true ? "unknown" : "not-sent", error));
      }
    }
    if (this.load === 0) this.#changed();
  }

  #mayResend({ command }: Request): boolean {
    if (this.#options.reconnect.attempts === 0) return false;
    return command.resend === "safe" ||
      (command.resend === "once" && this.#options.delivery === "at-least-once");
  }

  /** Whether the server had its chance, in tries or in time. */
  #isExhausted(): boolean {
    const { reconnect, clock } = this.#options;
    if (this.#attempt >= reconnect.attempts) return true;
    return this.#troubleSince !== undefined && reconnect.giveUpMs !== undefined &&
      clock.now() - this.#troubleSince >= reconnect.giveUpMs;
  }

  /** Waits before the next try, or gives up. */
  #retryAfter(error: Error): void {
    const { reconnect, clock, listener } = this.#options;
    this.#troubleSince ??= clock.now();
    if (isFinal(error) || this.#isExhausted()) return this.#giveUp(error);
    // Its commands may be safe to send again, or have a deadline.
    if (this.#attempt >= MAX_SILENT_TRIES) this.#silent?.lane.close(this.#silent.error);
    const waitMs = backoffMs(this.#attempt, reconnect);
    this.#cancelWait = clock.after(waitMs, () => {
      this.#cancelWait = undefined;
      void this.#connect();
    });
    listener.disconnected(error, waitMs);
  }

  #giveUp(error: Error): void {
    const final = isFinal(error);
    if (final || this.#options.reconnect.attempts === 0) this.#final = error;
    this.#worked();
    this.#abandoned = this.#silent?.lane;
    this.#abandoned?.close(this.#silent?.error);
    this.#options.listener.disconnected(error, undefined);
    this.#rejectWaiting((request) => {
      // Of what may have been carried out before, that has to be said.
      if (request.resent === true) return lost(request, "unknown", error);
      return final ? error : lost(request, "not-sent", error);
    });
  }

  async #connect(): Promise<void> {
    const giveUp = new AbortController();
    this.#connecting = giveUp;
    this.#attempt++;
    let lane: Lane;
    try {
      lane = await this.#options.dial(giveUp.signal, true);
    } catch (error) {
      if (giveUp.signal.aborted) return;
      this.#connecting = undefined;
      this.#dropLate();
      // Whoever is told may close it.
      if (this.#final === undefined) this.#retryAfter(asError(error));
      return;
    }
    if (giveUp.signal.aborted) return lane.close();
    this.#connecting = undefined;
    if (this.#silent === undefined) this.#replace(lane);
    else this.#awaitSilent(lane, this.#silent);
  }

  /** The server answers on `next`: the silent connection goes on in a moment, or never. */
  #awaitSilent(next: Lane, { lane, error }: { lane: Lane; error: Error }): void {
    this.#next = next;
    this.#cancelWait = this.#options.clock.after(this.#options.graceMs ?? GRACE_MS, () => {
      this.#cancelWait = undefined;
      lane.close(error);
    });
    void next.ended.then((end) => {
      if (this.#next !== next) return;
      this.#next = undefined;
      this.#cancelWait?.();
      this.#cancelWait = undefined;
      if (this.#silent !== undefined) this.#retryAfter(end.error ?? closed());
    });
  }

  #replace(lane: Lane): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    this.#next = undefined;
    const attempts = this.#attempt;
    this.#adopt(lane);
    this.#options.listener.reconnected(attempts);
  }

  #dropLate(): void {
    const now = this.#options.clock.now();
    for (
      const late of this.#waiting.removeWhere(({ notAfter, cancelled }) =>
        cancelled === true || (notAfter !== undefined && now > notAfter)
      )
    ) late.reject(tooLate(late));
  }

  #rejectWaiting(reason: (request: Request) => Error): void {
    for (const request of this.#waiting.drain()) request.reject(reason(request));
    this.#changed();
  }

  #changed(): void {
    const callbacks = this.#onChange;
    this.#onChange = [];
    for (const callback of callbacks) callback();
  }
}
