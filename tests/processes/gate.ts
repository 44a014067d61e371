import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { deferred } from "../../src/internal/deferred.ts";

/** Blocks jobs in other processes: each waits with an HTTP request until the test releases it. */
export class Gate implements AsyncDisposable {
  readonly #server: Server;
  readonly #held = new Map<ServerResponse, string>();
  #changed = deferred();

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", ({ url }, response) => {
      this.#held.set(response, url?.slice(1) ?? "");
      // The job was aborted, or its process has ended.
      response.on("close", () => {
        this.#held.delete(response);
        this.#wake();
      });
      this.#wake();
    });
  }

  static async open(): Promise<Gate> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Gate(server);
  }

  /** The argument for a job `hold`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves with the process ids of the waiting jobs when there are `count`. */
  async held(count: number): Promise<number[]> {
    while (this.#held.size !== count) await this.#changed.promise;
    return [...this.#held.values()].map(Number);
  }

  /** Releases all waiting jobs. */
  release(): void {
    for (const response of this.#held.keys()) response.end("go\n");
    this.#held.clear();
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = deferred();
  }
}
