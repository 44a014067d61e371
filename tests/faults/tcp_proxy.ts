import { connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/**
 * A proxy of real sockets, for what only they do: resets, connections that are half there, TLS cut
 * in its handshake.
 */
export class TcpProxy implements AsyncDisposable {
  /** How often each fault struck. */
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

  /** Listens, for what connects to the port `target` of this machine. */
  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /**
   * Cuts the next connections within the server's first words, those of its half of a TLS
   * handshake.
   */
  cutNext(count: number): void {
    this.#cuts = count;
  }

  /** Breaks every connection, by RST where the runtime can. */
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
   * From now on nothing passes on the connections there are, and nobody hears of it; resolves once
   * something was lost.
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
