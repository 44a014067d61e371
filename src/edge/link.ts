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

/**
 * The largest reply that is accepted, in bytes: a refusal of 1 kB for each job of a PUSHB takes a
 * quarter.
 */
const MAX_REPLY_BYTES = 4 * 1024 * 1024;

/** A command that waits for its reply. */
interface Waiting {
  readonly verb: string;
  /** Settles the command by its reply. */
  take(reply: Reply): void;
  reject(error: unknown): void;
  /** The command behind it. */
  next: Waiting | undefined;
}

/**
 * One connection. Commands go out in the order in which they are sent, and each reply belongs to
 * the oldest command without one. A link that fails in any way ends, and is not used again.
 */
export class Link {
  /** Why it ended; `undefined` while it is open. */
  error: Error | undefined;
  /** Whether any reply came. */
  isSilent = true;
  readonly #connection: TransportConnection;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #settings: Settings;
  /** Commands that no write has taken. */
  #lines = "";
  /** Commands without a reply are a list of links, as `shift` of a long array takes long. */
  #oldest: Waiting | undefined;
  #newest: Waiting | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(connection: TransportConnection, settings: Settings) {
    this.#connection = connection;
    this.#writer = connection.writable.getWriter();
    // A failed write is noticed where it is awaited.
    this.#writer.closed.catch(() => {});
    this.#settings = settings;
    void this.#read();
  }

  /** Sends a command, in one write with the others of this turn. Returns what its reply says. */
  send<T>(command: Command<T>): Promise<T> {
    const reply = this.expect(command);
    if (this.#lines === "") Promise.resolve().then(() => this.#write());
    this.#lines += `${command.verb} ${command.payload}\r\n`;
    return reply;
  }

  /** Waits for a reply to which nothing is sent: the server's greeting. */
  expect<T>(command: Command<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.error !== undefined) return reject(this.error);
      const waiting: Waiting = {
        verb: command.verb,
        take: (reply) => resolve(command.parse(reply)),
        reject,
        next: undefined,
      };
      if (this.#oldest !== undefined) this.#newest!.next = waiting;
      else {
        this.#oldest = waiting;
        this.#watch();
      }
      this.#newest = waiting;
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

  /** Gives the server the whole time again for the oldest command. */
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
      // The server says this without being asked, right after its reply to HELLO.
      return this.end(tooManyConnections(reply.text));
    }
    const waiting = this.#oldest;
    if (waiting === undefined) return this.end(unexpectedReply(reply));
    this.#oldest = waiting.next;
    try {
      waiting.take(reply);
    } catch (error) {
      waiting.reject(error);
      // From here on it is unknown which reply belongs to which command.
      if (error instanceof ProtocolError) this.end(error);
    }
    if (this.error === undefined) this.#watch();
  }
}
