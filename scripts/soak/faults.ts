import { numbers } from "../../tests/faults/numbers.ts";
import { TcpProxy } from "../../tests/faults/tcp_proxy.ts";

/** Shortest and longest time between two faults, in milliseconds. */
const LEAST_MS = 4000;
const MOST_MS = 10_000;

/** A proxy that breaks the connections to a server from time to time. */
export class Faults implements AsyncDisposable {
  readonly #proxy: TcpProxy;
  readonly #random = numbers(1);
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(proxy: TcpProxy) {
    this.#proxy = proxy;
    this.#wait();
  }

  /** Starts a proxy for the server on this port. */
  static async before(port: number): Promise<Faults> {
    return new Faults(await TcpProxy.start(port));
  }

  get port(): number {
    return this.#proxy.port;
  }

  /** Number of faults of each kind. */
  get counts(): TcpProxy["counts"] {
    return this.#proxy.counts;
  }

  /** Stops the faults. The proxy goes on. */
  end(): void {
    clearTimeout(this.#timer);
    this.#proxy.cutNext(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await this.#proxy[Symbol.asyncDispose]();
  }

  #wait(): void {
    const ms = LEAST_MS + this.#random() * (MOST_MS - LEAST_MS);
    this.#timer = setTimeout(() => {
      this.#strike(this.#random());
      this.#wait();
    }, ms);
  }

  #strike(chance: number): void {
    if (chance < 0.25) return void this.#proxy.silence();
    // Only a new connection can be cut in its handshake, so the open ones are reset.
    if (chance < 0.5) this.#proxy.cutNext(2);
    this.#proxy.reset();
  }
}
