import {
  AuthenticationError,
  type CommandOutcome,
  ConfigError,
  ConnectError,
  ConnectionLostError,
  StateError,
  VersionError,
} from "../errors.ts";
import { backoffMs } from "../internal/backoff.ts";
import type { Clock } from "../internal/clock.ts";
import { Fifo } from "../internal/fifo.ts";
import type { Lane, LaneEnd } from "./lane.ts";
import type { ReconnectPolicy } from "./options.ts";
import type { Request } from "./request.ts";

/** What becomes of a command that may have been carried out, and that is not to be carried out twice. */
export type Delivery = "at-least-once" | "at-most-once";

/** What happens to a connection that is to last. */
export interface LaneListener {
  /** The connection was lost, or could not be made again at a try; `retryInMs` says when the next follows, if one does. */
  disconnected(error: Error, retryInMs: number | undefined): void;
  /** It is back, after this many tries. */
  reconnected(attempts: number): void;
}

/** Settings of a lane that comes back. */
export interface ReconnectingLaneOptions {
  readonly dial: (signal: AbortSignal) => Promise<Lane>;
  readonly reconnect: ReconnectPolicy;
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly listener: LaneListener;
}

/**
 * A lane that is made again when it ends, and what goes with that: commands wait while there is none, and those that were
 * under way are sent again, in their order, or given up, as each command says of itself.
 */
export class ReconnectingLane {
  readonly #options: ReconnectingLaneOptions;
  readonly #waiting = new Fifo<Request>();
  #lane: Lane | undefined;
  #attempt = 0;
  #connecting: AbortController | undefined;
  #cancelRetry: (() => void) | undefined;
  /** Why no lane can be had, now and for ever. */
  #final: Error | undefined;
  /** The server was told goodbye, so that it hangs up is no loss. */
  #isEnding = false;
  /** Called once the connection is made, or what waits for it is given up. */
  #onChange: (() => void)[] = [];

  constructor(options: ReconnectingLaneOptions) {
    this.#options = options;
  }

  /** Makes the first connection. It is tried once only: who starts a program wants to hear at once that it cannot work. */
  async open(signal?: AbortSignal): Promise<void> {
    const giveUp = new AbortController();
    this.#connecting = giveUp;
    const abort = () => giveUp.abort(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const lane = await this.#options.dial(giveUp.signal);
      if (this.#final === undefined) return this.#adopt(lane);
      lane.close();
      throw this.#final;
    } finally {
      this.#connecting = undefined;
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Commands that wait for a connection or for their reply. */
  get load(): number {
    return this.#waiting.length + (this.#lane?.load ?? 0);
  }

  /** Whether there is a connection at this moment. */
  get connected(): boolean {
    return this.#lane !== undefined;
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
    if (this.#connecting === undefined && this.#cancelRetry === undefined) void this.#connect();
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

  /** Says goodbye behind what is under way; where there is no connection, what waits is rejected. */
  async end(): Promise<void> {
    this.#isEnding = true;
    if (this.#final === undefined) await this.#lane?.end();
    this.close();
  }

  /** Ends the connection at once; what waits is rejected, and so is whatever comes later. */
  close(reason: Error = closed()): void {
    if (this.#final !== undefined) return;
    this.#final = reason;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#connecting?.abort(reason);
    this.#lane?.close();
    this.#lane = undefined;
    this.#rejectWaiting(() => reason);
  }

  /** Gives the connection up so that another is made, for example as the server has forgotten who this is. */
  renew(reason: Error): void {
    this.#lane?.close(reason);
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
    this.#lane = lane;
    const { replies } = lane;
    const since = clock.now();
    void lane.ended.then((end) => {
      // A server that takes everybody and hangs up at once is as good as none: the waits go on growing.
      if (lane.replies > replies || clock.now() - since >= maxMs) this.#attempt = 0;
      this.#onEnd(lane, end);
    });
    for (const request of this.#waiting.drain()) this.#pass(lane, request);
    this.#changed();
  }

  #onEnd(lane: Lane, end: LaneEnd): void {
    if (this.#lane === lane) this.#lane = undefined;
    const error = end.error ?? closed();
    const isFinal = this.#final !== undefined || this.#isEnding;
    const again: Request[] = [];
    const given: Request[] = [];
    for (const request of end.unanswered) {
      const list = !isFinal && this.#mayResend(request) ? again : given;
      if (list === again) request.resent = true;
      list.push(request);
    }
    if (!isFinal) {
      this.#waiting.unshift([...again, ...end.unsent]);
      this.#retryAfter(error);
    }
    // Last, as whoever is told may send something else at once.
    for (const request of given) request.reject(lost(request, "unknown", error));
    if (isFinal) {
      for (const request of end.unsent) request.reject(lost(request, "not-sent", error));
    }
  }

  #mayResend({ command }: Request): boolean {
    if (this.#options.reconnect.attempts === 0) return false;
    return command.resend === "safe" ||
      (command.resend === "once" && this.#options.delivery === "at-least-once");
  }

  /** Waits before the next try, or gives up. */
  #retryAfter(error: Error): void {
    const { reconnect, clock, listener } = this.#options;
    const final = isFinal(error);
    if (final || this.#attempt >= reconnect.attempts) {
      if (final || reconnect.attempts === 0) this.#final = error;
      this.#attempt = 0;
      listener.disconnected(error, undefined);
      return this.#rejectWaiting((request) => {
        // Of what may have been carried out before, that has to be said.
        if (request.resent === true) return lost(request, "unknown", error);
        return final ? error : lost(request, "not-sent", error);
      });
    }
    const waitMs = backoffMs(this.#attempt, reconnect);
    this.#cancelRetry = clock.after(waitMs, () => {
      this.#cancelRetry = undefined;
      void this.#connect();
    });
    listener.disconnected(error, waitMs);
  }

  async #connect(): Promise<void> {
    const giveUp = new AbortController();
    this.#connecting = giveUp;
    this.#attempt++;
    try {
      const lane = await this.#options.dial(giveUp.signal);
      this.#connecting = undefined;
      if (this.#final !== undefined) return lane.close();
      const attempts = this.#attempt;
      this.#adopt(lane);
      this.#options.listener.reconnected(attempts);
    } catch (error) {
      this.#connecting = undefined;
      if (this.#final !== undefined) return;
      const now = this.#options.clock.now();
      for (
        const late of this.#waiting.removeWhere(({ notAfter, cancelled }) =>
          cancelled === true || (notAfter !== undefined && now > notAfter)
        )
      ) late.reject(tooLate(late));
      this.#retryAfter(asError(error));
    }
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

/** Whether trying again cannot help. */
function isFinal(error: Error): boolean {
  return error instanceof AuthenticationError || error instanceof VersionError ||
    error instanceof ConfigError;
}

function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : new ConnectError("CONNECT_FAILED", "Cannot connect as the attempt failed", { cause: error });
}

function lost({ command }: Request, outcome: CommandOutcome, cause: Error): ConnectionLostError {
  const known = outcome === "not-sent"
    ? "it was not sent"
    : "it is unknown whether the server carried it out";
  return new ConnectionLostError(
    cause instanceof ConnectionLostError ? cause.code : "CONNECTION_LOST",
    `Cannot complete ${command.verb} as the connection was lost, and ${known}: ${cause.message}`,
    { outcome, cause },
  );
}

function tooLate({ command, resent }: Request): ConnectionLostError {
  return new ConnectionLostError(
    "DEADLINE_PASSED",
    `Cannot complete ${command.verb} as there was no connection until its deadline`,
    { outcome: resent === true ? "unknown" : "not-sent" },
  );
}

function closed(): StateError {
  return new StateError("CLOSED", "Cannot reach the server as the connection was closed");
}
