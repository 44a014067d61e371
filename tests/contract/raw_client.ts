import { connect, type Socket } from "node:net";
import { parseUrl } from "../../src/transport/url.ts";
import { passwordHash } from "../../src/protocol/handshake.ts";

/** The server closed the connection. */
export class ConnectionGone extends Error {}

/** A client that sends raw lines, and returns the server's bytes. */
export class RawClient {
  readonly #socket: Socket;
  #received = "";
  #isClosed = false;
  #changed: () => void = () => {};

  constructor(url: string) {
    const { hostname, port } = parseUrl(url);
    this.#socket = connect({ host: hostname, port });
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk) => {
      this.#received += chunk.toString("latin1");
      this.#changed();
    });
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.#isClosed = true;
      this.#changed();
    });
  }

  /** Connects and completes the handshake. */
  static async hello(url: string, fields: Record<string, unknown> = {}): Promise<RawClient> {
    const client = new RawClient(url);
    const [hi] = await client.exchange("", 1);
    const greeting = JSON.parse(hi!.slice("+HI ".length));
    const { password } = parseUrl(url);
    const pwdhash = greeting.s === undefined || password === undefined
      ? undefined
      : passwordHash(password, greeting.s, greeting.i);
    const hello = `HELLO ${JSON.stringify({ v: 2, pwdhash, ...fields })}\r\n`;
    const [reply] = await client.exchange(hello, 1);
    if (reply !== "+OK") throw new Error(reply);
    return client;
  }

  /** Sends lines. */
  say(...lines: string[]): void {
    for (const line of lines) this.#socket.write(`${line}\r\n`);
  }

  /** Sends bytes as they are. */
  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Reads the next line without its end. Returns `EOF` if the server has closed the connection. */
  async line(): Promise<string> {
    await this.#until(() => this.#received.includes("\r\n"));
    const end = this.#received.indexOf("\r\n");
    if (end < 0) return "EOF";
    const line = this.#received.slice(0, end);
    this.#received = this.#received.slice(end + 2);
    return line;
  }

  /** Reads the next reply: a line, or the text of a bulk string. */
  async reply(): Promise<string> {
    const line = await this.line();
    const length = /^\$(\d+)$/.exec(line)?.[1];
    if (length === undefined) return line;
    const end = Number(length) + 2;
    await this.#until(() => this.#received.length >= end);
    const text = this.#received.slice(0, end - 2);
    this.#received = this.#received.slice(end);
    return Buffer.from(text, "latin1").toString();
  }

  /** Sends a line, and returns its reply. */
  async ask(line: string): Promise<string> {
    this.say(line);
    return await this.reply();
  }

  /** Sends bytes, and reads so many lines. Rejects if the server closes the connection before. */
  async exchange(bytes: string, count: number): Promise<string[]> {
    if (bytes !== "") this.write(bytes);
    const lines: string[] = [];
    while (lines.length < count) {
      const line = await this.line();
      if (line === "EOF") throw new ConnectionGone("the connection ended");
      lines.push(line);
    }
    return lines;
  }

  /** Half-closes the connection, and keeps reading. */
  finish(): void {
    this.#socket.end();
  }

  /** Resets the connection, like a client that was killed with unread data. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone() && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#changed = resolve);
    }
  }
}
