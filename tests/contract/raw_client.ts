import { connect, type Socket } from "node:net";
import { parseUrl } from "../../src/transport/url.ts";
import { passwordHash } from "../../src/protocol/handshake.ts";

/** A connection that says what it is told to and shows what comes back, byte for byte. */
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

  /** Connects and shakes hands. */
  static async hello(url: string, fields: Record<string, unknown> = {}): Promise<RawClient> {
    const client = new RawClient(url);
    const greeting = JSON.parse((await client.line()).slice("+HI ".length));
    const { password } = parseUrl(url);
    const pwdhash = greeting.s === undefined || password === undefined
      ? undefined
      : passwordHash(password, greeting.s, greeting.i);
    client.say(`HELLO ${JSON.stringify({ v: 2, pwdhash, ...fields })}`);
    const reply = await client.line();
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

  /** The next line, without its end; `EOF` where the server has hung up. */
  async line(): Promise<string> {
    await this.#until(() => this.#received.includes("\r\n"));
    const end = this.#received.indexOf("\r\n");
    if (end < 0) return "EOF";
    const line = this.#received.slice(0, end);
    this.#received = this.#received.slice(end + 2);
    return line;
  }

  /** The next reply: a line, or a bulk's text. */
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

  /** Sends a line, and gives its reply. */
  async ask(line: string): Promise<string> {
    this.say(line);
    return await this.reply();
  }

  /** Says no more, and goes on listening. */
  finish(): void {
    this.#socket.end();
  }

  /**
   * Ends the connection by a reset, as where the client's program was killed with something unread.
   */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone() && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#changed = resolve);
    }
  }
}
