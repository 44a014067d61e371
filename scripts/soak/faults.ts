import { TcpProxy } from "../../tests/faults/tcp_proxy.ts";

/** Shortest and longest time between two faults, in milliseconds. */
const LEAST_MS = 4000;
const MOST_MS = 10_000;

const FAULTS = ["reset", "reset", "cut in the handshake", "silence"] as const;

/** Returns a generator of numbers from 0 to below 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed % 2_147_483_646 + 1;
  return () => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647;
}

/** A proxy that breaks the connections to a server. */
export class Faults implements AsyncDisposable {
  readonly #proxy: TcpProxy;
  readonly #random: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(proxy: TcpProxy, seed: number) {
    this.#proxy = proxy;
    this.#random = randomOf(seed);
  }

  /** Starts a proxy for the server on this port. */
  static async before(port: number, seed: number): Promise<Faults> {
    return new Faults(await TcpProxy.start(port), seed);
  }

  get port(): number {
    return this.#proxy.port;
  }

  /** Number of faults of each kind. */
  get counts(): TcpProxy["counts"] {
    return this.#proxy.counts;
  }

  /** Starts the faults; `end` stops them. */
  begin(): void {
    const ms = LEAST_MS + this.#random() * (MOST_MS - LEAST_MS);
    this.#timer = setTimeout(() => {
      this.#strike();
      this.begin();
    }, ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#proxy.cutNext(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await this.#proxy[Symbol.asyncDispose]();
  }

  #strike(): void {
    switch (FAULTS[Math.floor(this.#random() * FAULTS.length)]) {
      case "reset":
        return this.#proxy.reset();
      case "silence":
        return void this.#proxy.silence();
      default:
        // Only a new connection can be cut in its handshake, so the open ones are reset.
        this.#proxy.cutNext(2);
        this.#proxy.reset();
    }
  }
}
