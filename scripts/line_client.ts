import { connect, type Socket } from "node:net";

/** A client that only sends and counts lines, to measure a server without this package's client. */
export class LineClient {
  readonly #socket: Socket;
  #text = "";
  #lines: string[] = [];
  #wanted = 0;
  #isGone = false;
  #settle: (() => void) | undefined;

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (chunk: string) => {
      const parts = (this.#text + chunk).split("\r\n");
      this.#text = parts.pop()!;
      for (const part of parts) this.#lines.push(part);
      if (this.#lines.length >= this.#wanted) this.#settle?.();
    });
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.#isGone = true;
      this.#settle?.();
    });
  }

  /** Connects and sends HELLO. */
  static async hello(port: number): Promise<LineClient> {
    const client = new LineClient(port);
    await client.ask("", 1);
    await client.ask('HELLO {"v":2}\r\n', 1);
    return client;
  }

  send(text: string | Uint8Array): void {
    this.#socket.write(text);
  }

  /**
   * Sends `text` and waits for `count` lines. Rejects with the lines that came if the connection
   * ends before.
   */
  async ask(text: string, count: number): Promise<string[]> {
    if (text !== "") this.send(text);
    if (this.#lines.length < count && !this.#isGone) {
      this.#wanted = count;
      await new Promise<void>((resolve) => this.#settle = resolve);
      this.#settle = undefined;
    }
    const lines = this.#lines.splice(0, count);
    if (lines.length < count) throw new ConnectionGone(lines);
    return lines;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The connection ended. */
export class ConnectionGone extends Error {
  constructor(readonly lines: readonly string[]) {
    super("the connection ended");
  }
}
