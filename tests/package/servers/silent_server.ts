/**
 * A server that greets a client with the first line, replies with the others, and is then silent.
 */
export class SilentServer implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.TcpConn>();

  constructor(...lines: readonly string[]) {
    void this.#accept(lines);
  }

  get url(): string {
    return `tcp://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #accept(lines: readonly string[]): Promise<void> {
    for await (const client of this.#listener) {
      this.#connections.add(client);
      void this.#talk(client, lines);
    }
  }

  async #talk(client: Deno.TcpConn, lines: readonly string[]): Promise<void> {
    try {
      for (const [index, line] of lines.entries()) {
        if (index > 0) await client.read(new Uint8Array(4096));
        await client.write(new TextEncoder().encode(`${line}\r\n`));
      }
      while (await client.read(new Uint8Array(4096)) !== null);
    } catch {
      // The client has closed, or this server ends.
    } finally {
      this.#connections.delete(client);
      client[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#connections) connection[Symbol.dispose]();
  }
}
