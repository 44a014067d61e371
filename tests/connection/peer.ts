import { deferred } from "../../src/internal/deferred.ts";
import type { TransportConnection } from "../../src/transport/transport.ts";

/**
 * The other end of a connection in memory: shows each line that came, and says what it is told to.
 */
export class Peer {
  readonly connection: TransportConnection;
  /** Lines that came, in their order. */
  readonly lines: string[] = [];
  /** How many writes they came in. */
  writes = 0;
  /** Whether this end was closed by the other. */
  isClosed = false;
  /** Whether this end has hung up. */
  isOver = false;
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  readonly #closed = deferred<void>();
  #out!: ReadableStreamDefaultController<Uint8Array>;
  #rest = "";
  #waiting: { count: number; resolve(): void }[] = [];
  /** Set: replies at once to the lines that it gives a reply for, which are not shown. */
  aside: ((line: string) => string | undefined) | undefined;
  /** Set: a write does not end until it is resolved. */
  hold: Promise<void> | undefined;
  /** Hears of each line that comes. */
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

  /** Sends a text, CRLF included by the caller. */
  say(text: string): void {
    this.#out.enqueue(this.#encoder.encode(text));
  }

  /** Greets, and takes whatever HELLO comes. */
  async greet(): Promise<void> {
    this.say(`+HI {"v":2}\r\n`);
    await this.received(1);
    this.say("+OK\r\n");
  }

  /** Hangs up. */
  end(): void {
    this.isOver = true;
    try {
      this.#out.close();
    } catch {
      // Closed before.
    }
  }

  /** Breaks the connection. */
  reset(error: Error): void {
    this.#out.error(error);
  }

  /** Resolves once so many lines have come in all. */
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
