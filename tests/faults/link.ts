import type { Clock } from "../../src/internal/clock.ts";
import { Fifo } from "../../src/internal/fifo.ts";
import { SocketStreams } from "../../src/transport/streams.ts";
import type { TransportConnection } from "../../src/transport/transport.ts";
import { ReplySplitter } from "./replies.ts";

/** Faults of a command or its reply. */
export type ReplyFault =
  /** The command is cut in the middle, so the server cannot run it. */
  | "cut command"
  /** The server has run it, and no part of the reply arrives. */
  | "cut before"
  | "cut within"
  | "cut after"
  /** Like "cut before", but as a socket error. */
  | "reset"
  /** From this reply on no data passes in either direction, without any notice. */
  | "silence"
  | "drip"
  | "delay"
  /**
   * The server sends an error after its OK to HELLO, at once or after `ms`, and once more. It reads
   * no command.
   */
  | "too many";

/** A fault for a future reply or command. */
export interface ArmedFault {
  readonly name: ReplyFault;
  /** Command that it applies to. @default any */
  readonly verb?: string | undefined;
  /** Time of "delay" (default 1000) or of "too many" (default: at once), in ms. */
  readonly ms?: number | undefined;
}

/** Owner of links. */
export interface LinkOwner {
  readonly clock: Clock;
  /** Delay of each reply, in ms. */
  readonly latencyMs: number;
  /**
   * Returns and removes the fault for the reply to this command, or for the command itself, if any.
   */
  take(verb: string, isCommand: boolean): ArmedFault | undefined;
  /** Called when a complete command was passed on. */
  passed(verb: string, payload: string): void;
  ended(link: Link): void;
}

const REFUSAL = new TextEncoder().encode("-ERR too many connections: 2001\r\n");

/** Number of bytes that a socket accepts without waiting for its peer. */
const SOCKET_BUFFER_BYTES = 64 * 1024;

/** One connection through the proxy. */
export class Link {
  readonly #streams: SocketStreams;
  readonly #inner: TransportConnection;
  readonly #owner: LinkOwner;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #splitter = new ReplySplitter();
  readonly #decoder = new TextDecoder();
  /** Commands without a reply. The first one stands for the greeting. */
  readonly #verbs = new Fifo<string>();
  #line = "";
  /** True if all data is dropped. The server does not know. */
  #isSilent = false;
  /** True if the server ignores all data. */
  #isRefused = false;

  constructor(inner: TransportConnection, owner: LinkOwner) {
    this.#inner = inner;
    this.#owner = owner;
    this.#reader = inner.readable.getReader();
    this.#writer = inner.writable.getWriter();
    for (const { closed } of [this.#reader, this.#writer]) closed.catch(() => {});
    this.#verbs.push("greeting");
    this.#streams = new SocketStreams({
      pull: () => this.#pull(),
      write: (chunk) => this.#write(chunk),
      shutdown: () => this.#isSilent ? undefined : this.#writer.close(),
      destroy: (reason) => {
        if (!this.#isSilent) this.drop(reason);
        this.#streams.socketClosed();
      },
    });
  }

  /** The client's end. */
  get connection(): TransportConnection {
    return this.#streams.connection;
  }

  /** Cuts both ends. */
  cut(): void {
    this.#streams.finish();
    this.drop();
  }

  /** Breaks the client's end with an error. */
  reset(): void {
    this.#streams.fail(new Error("connection reset by peer"));
    this.drop();
  }

  /** Drops all data from now on, without any notice. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Closes the server's end. */
  drop(reason?: unknown): void {
    this.#inner.close(reason);
    this.#owner.ended(this);
  }

  async #pull(): Promise<void> {
    try {
      for (let isDelivered = false; !isDelivered;) {
        const { done, value } = await this.#reader.read();
        if (this.#isSilent) return await new Promise(() => {});
        if (done) return this.#streams.finish();
        for (const reply of this.#splitter.push(value)) {
          await this.#deliver(reply);
          isDelivered = true;
          if (this.#isSilent) return await new Promise(() => {});
        }
      }
    } catch (error) {
      this.#streams.fail(error);
    }
  }

  async #deliver(reply: Uint8Array): Promise<void> {
    if (this.#owner.latencyMs > 0) await this.#waited(this.#owner.latencyMs);
    const fault = this.#owner.take(this.#verbs.shift() ?? "nothing", false);
    switch (fault?.name) {
      case "cut before":
        return this.cut();
      case "cut within":
        this.#streams.push(reply.slice(0, Math.ceil(reply.length / 2)));
        return this.cut();
      case "cut after":
        this.#streams.push(reply);
        return this.cut();
      case "reset":
        return this.reset();
      case "silence":
        return this.silence();
      case "too many":
        this.#isRefused = true;
        this.#streams.push(reply);
        if (fault.ms !== undefined) await this.#waited(fault.ms);
        for (const bytes of [REFUSAL, REFUSAL]) this.#streams.push(bytes);
        return this.cut();
      case "drip":
        for (const byte of reply) {
          this.#streams.push(Uint8Array.of(byte));
          await Promise.resolve();
        }
        return;
      case "delay": {
        await this.#waited(fault.ms ?? 1000);
      }
    }
    this.#streams.push(reply);
  }

  #waited(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#owner.clock.after(ms, resolve));
  }

  async #write(chunk: Uint8Array): Promise<void> {
    // A kernel does not accept this at once, so it is read later.
    if (chunk.length > SOCKET_BUFFER_BYTES) await this.#waited(1);
    if (this.#isSilent || this.#isRefused) return;
    const text = this.#line + this.#decoder.decode(chunk, { stream: true });
    const lines = text.split("\r\n");
    this.#line = lines.pop()!;
    for (const [i, line] of lines.entries()) {
      const [verb] = line.split(" ", 1) as [string];
      if (this.#owner.take(verb, true) !== undefined) {
        const half = [...lines.slice(0, i), line.slice(0, Math.ceil(line.length / 2))];
        await this.#writer.write(new TextEncoder().encode(half.join("\r\n")));
        return this.cut();
      }
      this.#verbs.push(verb);
      this.#owner.passed(verb, line.slice(verb.length + 1));
    }
    await this.#writer.write(chunk);
  }
}
