import { connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/**
 * A proxy with real sockets, for faults that only they have: resets, half-open connections, TLS
 * that is cut in its handshake.
 */
export class TcpProxy implements AsyncDisposable {
  /** Number of each fault. */
  readonly counts = { reset: 0, silence: 0, "cut in the handshake": 0 };
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  readonly #silent = new WeakSet<Pair>();
  #cuts = 0;
  #swallowed: () => void = () => {};

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  /** Listens, and connects its clients to the local port `target`. */
  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Cuts the next connections within the server's first bytes, those of its TLS handshake. */
  cutNext(count: number): void {
    this.#cuts = count;
  }

  /** Breaks every connection, with RST if the runtime supports it. */
  reset(): void {
    for (const pair of [...this.#pairs]) {
      this.counts.reset++;
      pair.server.destroy();
      const { client } = pair;
      if (typeof client.resetAndDestroy === "function") client.resetAndDestroy();
      else client.destroy();
    }
  }

  /**
   * Drops all data on the present connections from now on, without any notice. Resolves when data
   * was dropped.
   */
  silence(): Promise<void> {
    for (const pair of this.#pairs) {
      this.counts.silence++;
      this.#silent.add(pair);
    }
    return new Promise((resolve) => this.#swallowed = resolve);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    const server = connect({ host: "127.0.0.1", port: this.#target, noDelay: true });
    const pair: Pair = { client, server };
    this.#pairs.add(pair);
    const isCut = this.#cuts > 0;
    if (isCut) this.#cuts--;
    client.on("data", (bytes) => {
      if (this.#silent.has(pair)) this.#swallowed();
      else server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (this.#silent.has(pair)) return;
      if (!isCut) return void client.write(bytes);
      this.counts["cut in the handshake"]++;
      client.end(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      server.destroy();
    });
    for (const [one, other] of [[client, server], [server, client]] as const) {
      one.on("error", () => {}).on("close", () => {
        this.#pairs.delete(pair);
        if (!this.#silent.has(pair)) other.destroySoon();
      });
    }
  }
}
