import { ProtocolError, ServerShutdownError, type TimeoutError } from "../errors.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import { Fifo } from "../internal/fifo.ts";
import { ReplyDecoder } from "../protocol/decoder.ts";
import { end, info } from "../protocol/commands/server.ts";
import { serverError } from "../protocol/server_errors.ts";
import type { Reply } from "../protocol/reply.ts";
import type { TransportConnection } from "../transport/transport.ts";
import { CommandWriter } from "./command_writer.ts";
import {
  connectionLost,
  replyTimedOut,
  tooManyConnections,
  unexpectedReply,
} from "./connection_errors.ts";
import type { Request } from "./request.ts";

/** Settings of a connection. */
export interface ConnectionSettings {
  /** Longest time that the server may leave the oldest command unanswered, in ms. @default 15000 */
  readonly commandTimeoutMs?: number | undefined;
  /** Size of the largest reply that is accepted, in bytes. @default 64 MiB */
  readonly maxReplyBytes?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** The end of a connection, with its unfinished requests. */
export interface ConnectionEnd {
  /** The reason; `undefined` if the connection was closed on purpose. */
  readonly error: Error | undefined;
  /** Requests that the server may have executed, in order. */
  readonly unanswered: readonly Request[];
  /** Requests that the server cannot have executed, in order. They were sent after the others. */
  readonly unsent: readonly Request[];
}

/** Receives the events of a connection. */
export interface ConnectionListener {
  /**
   * Called when the oldest command has been without a reply for too long. The connection stays
   * open; the owner decides what to do.
   */
  silent(error: TimeoutError): void;
  /** Called when the server sends something after a silence. */
  heard(): void;
  /** Called when a write has ended, so that commands that were held back can be sent. */
  written(): void;
}

/**
 * Default timeout of a command, in ms. A FETCH may take two seconds by the protocol, and the server
 * stops waiting for its own store after five.
 */
export const DEFAULT_COMMAND_TIMEOUT_MS = 15_000;

/** Time without traffic after which a connection is tested with a command, in ms. */
const IDLE_MS = 60_000;

/** A timer this late means a blocked event loop or a sleeping machine, in ms. */
const LATE_MS = 1000;

/** Time to read replies that arrived during such a delay, in ms. */
const CATCH_UP_MS = 1000;

/** Number of replies in a handshake: the greeting, and the reply to HELLO. */
const HANDSHAKE_REPLIES = 2;

/** Longest time to wait for the server to close the connection after END, in ms. */
const END_WAIT_MS = 1000;

/**
 * A connection as an ordered pipeline: commands are written in the order in which they were sent,
 * and each reply belongs to the oldest command without one.
 *
 * After any error the connection is closed and never used again, because from then on replies
 * cannot be matched to commands.
 */
export class Connection {
  /** Resolves when the connection has ended; never rejects. */
  readonly ended: Promise<ConnectionEnd>;
  readonly writer: CommandWriter;

  readonly #connection: TransportConnection;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #end = deferred<ConnectionEnd>();
  readonly #pending = new Fifo<Request>();
  #weight = 0;
  #onIdle: (() => void)[] = [];
  #cancelTimer: (() => void) | undefined;
  /** Time at which the server last showed progress with the pending commands. */
  #progressAt = 0;
  #replies = 0;
  #reads = 0;
  #isSilent = false;
  #isEnded = false;
  /**
   * Receives events. Without a listener, the connection ends if the server does not reply in time.
   */
  listener: ConnectionListener | undefined;

  /** Takes over an open connection of a transport. */
  constructor(connection: TransportConnection, options: ConnectionSettings = {}) {
    this.ended = this.#end.promise;
    this.#connection = connection;
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS;
    const writable = connection.writable.getWriter();
    // Errors are handled where writes are awaited.
    writable.closed.catch(() => {});
    this.writer = new CommandWriter(writable, {
      written: () => this.listener?.written(),
      failed: (error) => this.#finish(connectionLost(error), "unanswered"),
    });
    void this.#read(options.maxReplyBytes);
  }

  /**
   * True if the connection has ended, even if its unfinished requests have not been collected yet.
   */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Number of replies received, including the replies of the handshake. */
  get replies(): number {
    return this.#replies;
  }

  /** Number of reads that brought bytes. Replies with the same number arrived together. */
  get reads(): number {
    return this.#reads;
  }

  /** Number of commands without a reply. */
  get load(): number {
    return this.#pending.length;
  }

  /** Sum of the weights of the commands without a reply; see {@linkcode Request.weight}. */
  get weight(): number {
    return this.#weight;
  }

  /** Calls `callback` once when no command waits for a reply, or when the connection has ended. */
  onceIdle(callback: () => void): void {
    if (this.#pending.length === 0) return callback();
    this.#onIdle.push(callback);
  }

  /**
   * Sends a command. The reply settles the request. If the connection ends first, the request is
   * part of {@linkcode ConnectionEnd}.
   *
   * A request whose payload is not one line is rejected at once.
   */
  send(request: Request): void {
    if (this.#isEnded) throw new Error("Cannot send on a connection that has ended");
    const { verb, payload } = request.command;
    try {
      this.writer.add(verb, payload);
    } catch (error) {
      request.reject(error);
      return;
    }
    this.#expect(request);
  }

  /** Waits for a reply without sending a command: the server's greeting. */
  expect(request: Request): void {
    this.#expect(request);
  }

  /**
   * Sends END after the pending commands, and waits until the server closes the connection, at most
   * a second.
   */
  async end(): Promise<void> {
    if (!this.#isEnded) this.send({ command: end(), resolve() {}, reject() {} });
    const cancelTimer = this.#clock.after(END_WAIT_MS, () => this.close());
    await this.ended;
    cancelTimer();
  }

  /** Closes the connection at once. Pending requests are part of {@linkcode ConnectionEnd}. */
  close(error?: Error): void {
    this.#finish(error, "unanswered");
  }

  #expect(request: Request): void {
    if (this.#pending.length === 0) this.#progressAt = this.#clock.now();
    this.#pending.push(request);
    this.#weight += request.weight ?? 1;
    if (this.#cancelTimer === undefined && !this.#isSilent) this.#startTimer(this.#timeoutMs);
  }

  #startTimer(ms: number): void {
    const waitMs = Math.min(ms, IDLE_MS);
    const due = this.#clock.now() + waitMs;
    this.#cancelTimer = this.#clock.after(waitMs, () => this.#checkProgress(due));
  }

  /**
   * Checks that the server makes progress. One timer watches the whole pipeline: it is set again only
   * when it fires, not by every command.
   */
  #checkProgress(due: number): void {
    this.#cancelTimer = undefined;
    const now = this.#clock.now();
    // Timers run before sockets are read, so the reply may have arrived, with a job that no other
    // worker will get.
    if (now - due > LATE_MS) return this.#startTimer(CATCH_UP_MS);
    if (this.#pending.length === 0) {
      // The new timer also covers commands that are sent meanwhile.
      if (now - this.#progressAt < IDLE_MS) return this.#startTimer(this.#timeoutMs);
      return this.send({ command: info(), resolve() {}, reject() {} });
    }
    const leftMs = this.#progressAt + this.#timeoutMs - now;
    if (leftMs > 0) return this.#startTimer(leftMs);
    const error = replyTimedOut(this.#pending.peek()?.command.verb, this.#timeoutMs);
    if (this.listener === undefined) return this.#finish(error, "unanswered");
    this.#isSilent = true;
    this.listener.silent(error);
  }

  #heard(): void {
    this.#isSilent = false;
    this.#startTimer(this.#timeoutMs);
    this.listener?.heard();
  }

  #callIdle(): void {
    const callbacks = this.#onIdle;
    this.#onIdle = [];
    for (const callback of callbacks) callback();
  }

  async #read(maxReplyBytes: number | undefined): Promise<void> {
    const decoder = new ReplyDecoder((reply) => this.#receive(reply), maxReplyBytes);
    const reader = this.#connection.readable.getReader();
    try {
      while (!this.#isEnded) {
        const { done, value } = await reader.read();
        if (done) return this.#finish(connectionLost(undefined), "unanswered");
        if (this.#isEnded) return;
        this.#progressAt = this.#clock.now();
        this.#reads++;
        if (this.#isSilent) this.#heard();
        decoder.push(value);
      }
    } catch (error) {
      this.#finish(error instanceof ProtocolError ? error : connectionLost(error), "unanswered");
    }
  }

  #receive(reply: Reply): void {
    if (this.#isEnded) return;
    if (reply.kind === "error" && /^err too many connections/i.test(reply.text)) {
      // The server sends this without a command. Right after HELLO it has not read any command yet.
      return this.#finish(
        tooManyConnections(reply.text),
        this.#replies <= HANDSHAKE_REPLIES ? "unsent" : "unanswered",
      );
    }
    const request = this.#pending.peek();
    if (request === undefined) return this.#finish(unexpectedReply(reply), "unanswered");
    if (reply.kind === "error") {
      const error = serverError(reply.text);
      if (error instanceof ServerShutdownError) return this.#finish(error, "unanswered");
    }
    this.#pending.shift();
    this.#weight -= request.weight ?? 1;
    this.#replies++;
    this.#settle(request, reply);
    if (this.#pending.length === 0 && this.#onIdle.length > 0) this.#callIdle();
  }

  #settle(request: Request, reply: Reply): void {
    try {
      request.resolve(request.command.parse(reply, request.resent === true));
    } catch (error) {
      request.reject(error);
      if (error instanceof ProtocolError && error.code === "UNEXPECTED_REPLY") {
        this.#finish(error, "unanswered");
      }
    }
  }

  #finish(error: Error | undefined, pendingIs: "unanswered" | "unsent"): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelTimer?.();
    const all = this.#pending.drain();
    this.#weight = 0;
    const sent = pendingIs === "unsent" ? 0 : all.length - this.writer.unsent;
    this.#end.resolve({ error, unanswered: all.slice(0, sent), unsent: all.slice(sent) });
    this.#connection.close(error);
    this.writer.close();
    this.#callIdle();
  }
}
