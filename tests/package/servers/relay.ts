/** Forwards bytes to a server. An HTTP request cuts its connections. */
export class Relay implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #http: Deno.HttpServer<Deno.NetAddr>;
  readonly #connections = new Set<Deno.TcpConn>();

  constructor(to: number) {
    void this.#accept(to);
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#http = Deno.serve(options, () => {
      const cut = this.#connections.size;
      this.#cut();
      return new Response(`${cut} cut`);
    });
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get cutUrl(): string {
    return `http://127.0.0.1:${this.#http.addr.port}/`;
  }

  async #accept(port: number): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      this.#connections.add(client);
      const close = () => {
        this.#connections.delete(client);
        for (const one of [client, server]) one[Symbol.dispose]();
      };
      client.readable.pipeTo(server.writable).then(close, close);
      server.readable.pipeTo(client.writable).then(close, close);
    }
  }

  #cut(): void {
    for (const connection of this.#connections) connection[Symbol.dispose]();
    this.#connections.clear();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.#cut();
    void this.#http.shutdown();
  }
}
