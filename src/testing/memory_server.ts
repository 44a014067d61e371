import { checkOptionNames, refuseConstruction } from "../internal/option_names.ts";
import { systemClock } from "../internal/clock.ts";
import { SERVER_OPTIONS, type ServerOptions } from "../server/server_options.ts";
import { type ServerSnapshot, ServerState } from "../server/server_state.ts";
import { slicesBy } from "../server/slices.ts";
import type { Transport } from "../transport/transport.ts";
import { memoryTransport } from "./memory_transport.ts";

/**
 * The embedded server without a port. Clients connect through its `transport`, over streams in
 * memory. It behaves like the server of `./server`, and also runs where there are no sockets.
 *
 * @example A producer and a server without a port
 * ```ts
 * import { Producer } from "@faktory-ts/faktory";
 * import { MemoryServer } from "@faktory-ts/faktory/testing";
 *
 * await using server = await MemoryServer.start();
 * await using producer = await Producer.connect({ url: server.url, transport: server.transport });
 * await producer.enqueue("greet", ["world"]);
 * console.assert(server.snapshot().queues["default"] === 1);
 * ```
 */
export class MemoryServer implements AsyncDisposable {
  /** The option `transport` for clients. */
  readonly transport: Transport;
  readonly #url: string;
  readonly #state: ServerState;

  private constructor(state: ServerState, password = "") {
    if (!(state instanceof ServerState)) {
      throw refuseConstruction("MemoryServer", "MemoryServer.start(options)");
    }
    this.#state = state;
    this.transport = memoryTransport(state);
    this.#url = memoryUrl(password);
  }

  /**
   * The option `url` for clients, password included. Its host name is never looked up. It is a
   * getter, so that logging the server does not print the password.
   */
  get url(): string {
    return this.#url;
  }

  /**
   * Starts a server.
   *
   * @throws {ConfigError} `INVALID_OPTION` for an option that cannot be used.
   */
  // Async, so that an invalid option rejects the promise.
  // deno-lint-ignore require-await
  static async start(options: ServerOptions = {}): Promise<MemoryServer> {
    checkOptionNames(options, SERVER_OPTIONS, "MemoryServer.start");
    const { clock = systemClock, password } = options;
    return new MemoryServer(new ServerState(options, { slices: slicesBy(clock) }), password);
  }

  /** Counts the jobs, waiting FETCHes and connections. */
  snapshot(): ServerSnapshot {
    return this.#state.snapshot();
  }

  /**
   * Asks a worker to become quiet or to terminate, like the buttons of the reference server's web
   * page. The worker gets the signal with its next BEAT. Returns true if such a worker is
   * connected.
   */
  signalWorker(wid: string, state: "quiet" | "terminate"): boolean {
    return this.#state.workers.signal(wid, state);
  }

  /** Closes all connections and deletes all jobs. */
  close(): Promise<void> {
    this.#state.close();
    return Promise.resolve();
  }

  /** Same as {@linkcode MemoryServer.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Returns a valid URL whose host does not exist. */
export function memoryUrl(password = ""): string {
  return `tcp://${password === "" ? "" : `:${encodeURIComponent(password)}@`}memory:7419`;
}
