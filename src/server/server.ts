import { integerIn, invalidOption } from "../connection/options.ts";
import { loadSha256 } from "../internal/sha256.ts";
import { Core, type ServerOptions, type ServerSnapshot, text } from "./core.ts";
import { listen, type Listener } from "./listener.ts";

/** Options of {@linkcode FaktoryServer.start}. */
export interface FaktoryServerOptions extends ServerOptions {
  /** The port to listen on; 0 for any that is free. @default 7419 */
  readonly port?: number | undefined;
  /** The address to listen on. @default "127.0.0.1" */
  readonly hostname?: string | undefined;
  /** The certificate and its key, as PEM texts; clients then connect by `tcp+tls://`. @default none, so no TLS */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/**
 * A Faktory server in this process, in memory: for development and tests, with nothing else to install. It speaks real TCP
 * and answers as the reference server (1.10.0) does; moving to that one is a change of URL.
 *
 * @example A server, a producer and a consumer
 * ```ts no-assert
 * import { Consumer, Producer } from "@faktory-ts/faktory";
 * import { FaktoryServer } from "@faktory-ts/faktory/server";
 *
 * await using server = await FaktoryServer.start({ port: 0 });
 * await using producer = await Producer.connect({ url: server.url });
 * await producer.enqueue("greet", ["world"]);
 *
 * const consumer = new Consumer({ url: server.url });
 * consumer.register("greet", (job) => console.log("hello", job.args[0]));
 * await consumer.runOne();
 * ```
 */
export class FaktoryServer implements AsyncDisposable {
  /** The port that it listens on. */
  readonly port: number;
  /** Where clients find it, password included. */
  readonly url: string;

  readonly #core: Core;
  readonly #listener: Listener;
  #closing: Promise<void> | undefined;

  private constructor(core: Core, listener: Listener, options: FaktoryServerOptions) {
    this.#core = core;
    this.#listener = listener;
    this.port = listener.port;
    this.url = urlOf(options, listener.port);
  }

  /**
   * Starts a server.
   *
   * @throws {ConfigError} `INVALID_OPTION` on an option that cannot be used, a port that is taken included.
   */
  static async start(options: FaktoryServerOptions = {}): Promise<FaktoryServer> {
    const port = integerIn("port", options.port, { min: 0, max: 65_535, fallback: 7419 });
    const hostname = text("hostname", options.hostname) ?? "127.0.0.1";
    const tls = keyPair(options.tls);
    const core = new Core(options, await loadSha256());
    try {
      const listener = await listen({ hostname, port, tls }, (peer) => core.connect(peer));
      return new FaktoryServer(core, listener, options);
    } catch (error) {
      core.close();
      throw error;
    }
  }

  /** What it holds at this moment. */
  snapshot(): ServerSnapshot {
    return this.#core.snapshot();
  }

  /**
   * Tells a worker to go quiet or to end, as the reference server's web page does: it hears of it at its next BEAT. False
   * where no such worker is connected.
   */
  signalWorker(wid: string, state: "quiet" | "terminate"): boolean {
    return this.#core.workers.signal(wid, state);
  }

  /** Hangs up on everybody, and forgets every job. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      const closed = this.#listener.close();
      this.#core.close();
      await closed;
    })();
    return this.#closing;
  }

  /** As {@linkcode FaktoryServer.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** @throws {ConfigError} `INVALID_OPTION` where it is not two texts. */
function keyPair(tls: unknown): { cert: string; key: string } | undefined {
  if (tls === undefined) return undefined;
  const { cert, key } = (tls ?? {}) as { cert?: unknown; key?: unknown };
  if (typeof cert === "string" && typeof key === "string") return { cert, key };
  throw invalidOption("tls", "a certificate and its key, as texts", typeof tls);
}

function urlOf(
  { hostname = "127.0.0.1", password = "", tls }: FaktoryServerOptions,
  port: number,
): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const everywhere = host === "0.0.0.0" || host === "[::]";
  const user = password === "" ? "" : `:${encodeURIComponent(password)}@`;
  return `tcp${tls === undefined ? "" : "+tls"}://${user}${
    everywhere ? "localhost" : host
  }:${port}`;
}
