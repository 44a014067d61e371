import { ProtocolError, ServerShutdownError, type TimeoutError } from "../errors.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import { Fifo } from "../internal/fifo.ts";
import { ReplyDecoder } from "../protocol/decoder.ts";
import { end, info } from "../protocol/commands/server.ts";
import { refusal } from "../protocol/refusal.ts";
import type { Reply } from "../protocol/reply.ts";
import type { TransportConnection } from "../transport/transport.ts";
import { CommandWriter } from "./command_writer.ts";
import { lost, noneLeft, unanswered, unsolicited } from "./connection_errors.ts";
import type { Request } from "./request.ts";

/** Settings of a connection. */
export interface ConnectionSettings {
  /** How long the server may leave the oldest command unanswered, in milliseconds. @default 15000 */
  readonly commandTimeoutMs?: number | undefined;
  /** The largest reply that is taken, in bytes. @default 64 MiB */
  readonly maxReplyBytes?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** How a connection ended, and what it leaves behind. */
export interface ConnectionEnd {
  /** `undefined` where it was closed on purpose. */
  readonly error: Error | undefined;
  /** Requests that the server has perhaps seen, in their order. */
  readonly unanswered: readonly Request[];
  /** Requests that the server cannot have acted on, in their order; they came after the others. */
  readonly unsent: readonly Request[];
}

/** Hears of a connection on which the server says nothing. */
export interface ConnectionWatcher {
  /** The server has left a command unanswered for too long. The connection goes on; its owner decides when to close it. */
  silent(error: TimeoutError): void;
  /** The server has said something again. */
  heard(): void;
}

/** A FETCH may wait for two seconds by the protocol, and the server gives up on its store after five. */
export const DEFAULT_COMMAND_TIMEOUT_MS = 15_000;

/** A connection on which nothing happened for this long is probed with a command, in milliseconds. */
const IDLE_MS = 60_000;

/** A timer this late means a blocked event loop or a sleeping machine, in milliseconds. */
const LATE_MS = 1000;

/** Time that is given to what may have come meanwhile, in milliseconds. */
const CATCH_UP_MS = 1000;

/** Replies of a handshake: the greeting, and that to HELLO. */
const HANDSHAKE_REPLIES = 2;

/** How long a goodbye may take. */
const GOODBYE_MS = 1000;

/**
 * One connection as an ordered pipeline: commands go out in the order in which they came, coalesced into one write per
 * turn, and each reply belongs to the oldest command that has none. A connection that went wrong in any way is closed and
 * never used again, since from then on it is unknown which reply belongs to what.
 */
export class Connection {
  /** Resolves once the connection has ended; never rejects. */
  readonly ended: Promise<ConnectionEnd>;

  readonly #connection: TransportConnection;
  readonly #writer: CommandWriter;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #end = deferred<ConnectionEnd>();
  readonly #pending = new Fifo<Request>();
  #onIdle: (() => void)[] = [];
  #cancelTimer: (() => void) | undefined;
  /** When the server last showed that it is working on what is pending. */
  #progressAt = 0;
  #replies = 0;
  #reads = 0;
  #isSilent = false;
  #isEnded = false;
  /** Without one, a server that is silent ends the connection. */
  watcher: ConnectionWatcher | undefined;

  /** Takes the connection over. */
  constructor(connection: TransportConnection, options: ConnectionSettings = {}) {
    this.ended = this.#end.promise;
    this.#connection = connection;
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS;
    const writable = connection.writable.getWriter();
    // Failed writes are noticed where they are awaited.
    writable.closed.catch(() => {});
    this.#writer = new CommandWriter(
      writable,
      (error) => this.#finish(lost(error), "unanswered"),
    );
    void this.#read(options.maxReplyBytes);
  }

  /** Whether it is of no more use, although what it left behind may not have been taken yet. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Replies that came, those of the handshake included. */
  get replies(): number {
    return this.#replies;
  }

  /** How often bytes came: replies with the same count came together. */
  get reads(): number {
    return this.#reads;
  }

  /** Commands that wait for their reply. */
  get load(): number {
    return this.#pending.length;
  }

  /** See {@linkcode CommandWriter.writing}. */
  get writing(): boolean {
    return this.#writer.writing;
  }

  /** Whether commands lie ready for its next write. */
  get isFilling(): boolean {
    return this.#writer.unsent > 0;
  }

  /** See {@linkcode CommandWriter.onceWritable}. */
  onceWritable(callback: () => void): void {
    this.#writer.onceWritable(callback);
  }

  /** Calls `callback` once when nothing waits for a reply any longer, or when the connection has ended. */
  onceIdle(callback: () => void): void {
    if (this.#pending.length === 0) return callback();
    this.#onIdle.push(callback);
  }

  /**
   * Sends a command; the request is settled by its reply, or is part of what the connection leaves behind at its end.
   *
   * Rejects the request at once where its payload is not one line.
   */
  send(request: Request): void {
    if (this.#isEnded) throw new Error("Cannot send on a connection that has ended");
    const { verb, payload } = request.command;
    try {
      this.#writer.add(verb, payload);
    } catch (error) {
      request.reject(error);
      return;
    }
    this.#expect(request);
  }

  /** See {@linkcode CommandWriter.flush}. */
  flush(): void {
    this.#writer.flush();
  }

  /** Waits for a reply that nothing was sent for: the server's greeting. */
  expect(request: Request): void {
    this.#expect(request);
  }

  /** Says goodbye behind whatever is pending, and waits until the server has hung up, for a second at most. */
  async end(): Promise<void> {
    if (!this.#isEnded) this.send({ command: end(), resolve() {}, reject() {} });
    const cancelTimer = this.#clock.after(GOODBYE_MS, () => this.close());
    await this.ended;
    cancelTimer();
  }

  /** Ends the connection at once; what is pending is left behind. */
  close(error?: Error): void {
    this.#finish(error, "unanswered");
  }

  #expect(request: Request): void {
    if (this.#pending.length === 0) this.#progressAt = this.#clock.now();
    this.#pending.push(request);
    if (this.#cancelTimer === undefined && !this.#isSilent) this.#watch(this.#timeoutMs);
  }

  #watch(ms: number): void {
    const waitMs = Math.min(ms, IDLE_MS);
    const due = this.#clock.now() + waitMs;
    this.#cancelTimer = this.#clock.after(waitMs, () => this.#checkProgress(due));
  }

  /** One timer watches the whole pipeline: it is set anew only when it fires, not with every command. */
  #checkProgress(due: number): void {
    this.#cancelTimer = undefined;
    const now = this.#clock.now();
    // Timers come before sockets: the reply may lie there, and with it a job that nobody else would get.
    if (now - due > LATE_MS) return this.#watch(CATCH_UP_MS);
    if (this.#pending.length === 0) {
      // A command that is sent meanwhile is noticed in time by the same timer.
      if (now - this.#progressAt < IDLE_MS) return this.#watch(this.#timeoutMs);
      return this.send({ command: info(), resolve() {}, reject() {} });
    }
    const leftMs = this.#progressAt + this.#timeoutMs - now;
    if (leftMs > 0) return this.#watch(leftMs);
    const error = unanswered(this.#pending.peek()?.command.verb, this.#timeoutMs);
    if (this.watcher === undefined) return this.#finish(error, "unanswered");
    this.#isSilent = true;
    this.watcher.silent(error);
  }

  #heard(): void {
    this.#isSilent = false;
    this.#watch(this.#timeoutMs);
    this.watcher?.heard();
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
        if (done) return this.#finish(lost(undefined), "unanswered");
        if (this.#isEnded) return;
        this.#progressAt = this.#clock.now();
        this.#reads++;
        if (this.#isSilent) this.#heard();
        decoder.push(value);
      }
    } catch (error) {
      this.#finish(error instanceof ProtocolError ? error : lost(error), "unanswered");
    }
  }

  #receive(reply: Reply): void {
    if (this.#isEnded) return;
    if (reply.kind === "error" && /^err too many connections/i.test(reply.text)) {
      // Said without being asked. Right after HELLO, a command already sent was not looked at.
      return this.#finish(
        noneLeft(reply.text),
        this.#replies <= HANDSHAKE_REPLIES ? "unsent" : "unanswered",
      );
    }
    const request = this.#pending.peek();
    if (request === undefined) return this.#finish(unsolicited(reply), "unanswered");
    if (reply.kind === "error") {
      const error = refusal(reply.text);
      if (error instanceof ServerShutdownError) return this.#finish(error, "unanswered");
    }
    this.#pending.shift();
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
    const sent = pendingIs === "unsent" ? 0 : all.length - this.#writer.unsent;
    this.#end.resolve({ error, unanswered: all.slice(0, sent), unsent: all.slice(sent) });
    this.#connection.close(error);
    this.#writer.close();
    this.#callIdle();
  }
}
