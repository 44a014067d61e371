import {
  connectionLost,
  replyTimedOut,
  tooManyConnections,
  unexpectedReply,
} from "../connection/connection_errors.ts";
import { ProtocolError } from "../errors.ts";
import type { Command } from "../protocol/commands/command.ts";
import type { Reply } from "../protocol/reply.ts";
import { SmallReplyDecoder } from "../protocol/small_decoder.ts";
import type { TransportConnection } from "../transport/transport.ts";
import type { Settings } from "./options.ts";

/** Largest reply, in bytes. An error text of 1 kB for each job of a PUSHB takes a quarter of it. */
const MAX_REPLY_BYTES = 4 * 1024 * 1024;

/** A command without a reply. */
interface PendingCommand {
  readonly verb: string;
  /** Settles the command with its reply. */
  take(reply: Reply): void;
  reject(error: unknown): void;
  /** The command that was sent after it. */
  next: PendingCommand | undefined;
}

/**
 * A connection. Commands are sent in order, and each reply belongs to the oldest command without
 * one. After any failure a link ends and is not used again.
 */
export class Link {
  /** The error that ended it; `undefined` while it is open. */
  error: Error | undefined;
  /** True until the first reply. */
  isSilent = true;
  readonly #connection: TransportConnection;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #settings: Settings;
  /** Commands that no write has taken yet. */
  #lines = "";
  /** Commands without a reply, as a linked list, because `shift` of a long array is slow. */
  #oldest: PendingCommand | undefined;
  #newest: PendingCommand | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(connection: TransportConnection, settings: Settings) {
    this.#connection = connection;
    this.#writer = connection.writable.getWriter();
    // Errors are handled where writes are awaited.
    this.#writer.closed.catch(() => {});
    this.#settings = settings;
    void this.#read();
  }

  /** Sends a command, in one write with the others of this turn. Returns its parsed reply. */
  send<T>(command: Command<T>): Promise<T> {
    const reply = this.expect(command);
    if (this.#lines === "") Promise.resolve().then(() => this.#write());
    this.#lines += `${command.verb} ${command.payload}\r\n`;
    return reply;
  }

  /** Waits for a reply without sending a command: the server's greeting. */
  expect<T>(command: Command<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.error !== undefined) return reject(this.error);
      const pending: PendingCommand = {
        verb: command.verb,
        take: (reply) => resolve(command.parse(reply)),
        reject,
        next: undefined,
      };
      if (this.#oldest !== undefined) this.#newest!.next = pending;
      else {
        this.#oldest = pending;
        this.#watch();
      }
      this.#newest = pending;
    });
  }

  /** Closes the connection. Commands without a reply reject with `error`. */
  end(error: Error): void {
    if (this.error !== undefined) return;
    this.error = error;
    this.#cancelTimer?.();
    this.#connection.close(error);
    for (let one = this.#oldest; one !== undefined; one = one.next) one.reject(error);
  }

  #write(): void {
    if (this.error !== undefined) return;
    const bytes = new TextEncoder().encode(this.#lines);
    this.#lines = "";
    this.#writer.write(bytes).catch((error) => this.end(connectionLost(error)));
  }

  /** Restarts the time limit for the oldest command. */
  #watch(): void {
    const { clock, commandTimeoutMs } = this.#settings;
    this.#cancelTimer?.();
    const oldest = this.#oldest;
    this.#cancelTimer = oldest && clock.after(
      commandTimeoutMs,
      () => this.end(replyTimedOut(oldest.verb, commandTimeoutMs)),
    );
  }

  async #read(): Promise<void> {
    const decoder = new SmallReplyDecoder((reply) => this.#receive(reply), MAX_REPLY_BYTES);
    const reader = this.#connection.readable.getReader();
    try {
      while (this.error === undefined) {
        const { done, value } = await reader.read();
        if (done) return this.end(connectionLost(undefined));
        decoder.push(value);
      }
    } catch (error) {
      this.end(error instanceof ProtocolError ? error : connectionLost(error));
    }
  }

  #receive(reply: Reply): void {
    if (this.error !== undefined) return;
    this.isSilent = false;
    if (reply.kind === "error" && /^err too many connections/i.test(reply.text)) {
      // The server sends this without a command, right after its reply to HELLO.
      return this.end(tooManyConnections(reply.text));
    }
    const pending = this.#oldest;
    if (pending === undefined) return this.end(unexpectedReply(reply));
    this.#oldest = pending.next;
    try {
      pending.take(reply);
    } catch (error) {
      pending.reject(error);
      // From here on replies cannot be matched to commands.
      if (error instanceof ProtocolError) this.end(error);
    }
    if (this.error === undefined) this.#watch();
  }
}
