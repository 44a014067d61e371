import { deferred } from "../../src/internal/deferred.ts";
import type { TransportConnection } from "../../src/transport/transport.ts";

/**
 * The server end of a connection in memory. Shows each received line; the test decides the replies.
 */
export class Peer {
  readonly connection: TransportConnection;
  /** Received lines, in order. */
  readonly lines: string[] = [];
  /** Number of writes that brought the lines. */
  writes = 0;
  /** True if the client has closed the connection. */
  isClosed = false;
  /** True if this end has closed the connection. */
  isOver = false;
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  readonly #closed = deferred<void>();
  #out!: ReadableStreamDefaultController<Uint8Array>;
  #rest = "";
  #waiting: { count: number; resolve(): void }[] = [];
  /**
   * If set, called for each line. A line for which it returns a reply is answered at once and does
   * not appear in `lines`.
   */
  aside: ((line: string) => string | undefined) | undefined;
  /** If set, a write does not end before this resolves. */
  hold: Promise<void> | undefined;
  /** Called for each received line. */
  onLine: ((line: string) => void) | undefined;

  constructor() {
    const readable = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#out = controller),
    });
    const writable = new WritableStream<Uint8Array>({
      write: async (chunk) => {
        this.writes++;
        this.#take(this.#decoder.decode(chunk, { stream: true }));
        await this.hold;
      },
    });
    this.connection = {
      readable,
      writable,
      closed: this.#closed.promise,
      close: () => {
        if (this.isClosed) return;
        this.isClosed = true;
        this.end();
        this.#closed.resolve();
      },
    };
  }

  /** Sends a text, which has to contain its own CRLF. */
  say(text: string): void {
    this.#out.enqueue(this.#encoder.encode(text));
  }

  /** Sends the greeting and accepts any HELLO. */
  async greet(): Promise<void> {
    this.say(`+HI {"v":2}\r\n`);
    await this.received(1);
    this.say("+OK\r\n");
  }

  /** Closes the connection from the server's side. */
  end(): void {
    this.isOver = true;
    try {
      this.#out.close();
    } catch {
      // The stream was closed before.
    }
  }

  /** Breaks the connection with an error. */
  reset(error: Error): void {
    this.#out.error(error);
  }

  /** Resolves when so many lines have arrived in total. */
  async received(count: number): Promise<void> {
    if (this.lines.length >= count) return;
    const { promise, resolve } = deferred();
    this.#waiting.push({ count, resolve: () => resolve() });
    await promise;
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\r\n");
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const reply = this.aside?.(line);
      if (reply !== undefined) {
        this.say(reply);
        continue;
      }
      this.lines.push(line);
      this.onLine?.(line);
    }
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.lines.length < count) return true;
      resolve();
      return false;
    });
  }
}
