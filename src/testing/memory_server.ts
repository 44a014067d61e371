import { checkOptionNames, refuseConstruction } from "../internal/option_names.ts";
import { systemClock } from "../internal/clock.ts";
import {
  SERVER_OPTIONS,
  type ServerOptions,
  type ServerSnapshot,
  ServerState,
} from "../server/server_state.ts";
import { slicesBy } from "../server/slices.ts";
import type { Transport } from "../transport/transport.ts";
import { memoryTransport } from "./memory_transport.ts";

/**
 * The embedded server without a port: clients reach it by its `transport`, over streams in memory.
 * It answers as the one of `./server` does, and runs where there are no sockets.
 *
 * @example A producer and a server, with no port between them
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
  /** What to give clients as their `transport`. */
  readonly transport: Transport;
  readonly #url: string;
  readonly #core: ServerState;

  private constructor(core: ServerState, password = "") {
    if (!(core instanceof ServerState)) {
      throw refuseConstruction("MemoryServer", "MemoryServer.start(options)");
    }
    this.#core = core;
    this.transport = memoryTransport(core);
    this.#url = memoryUrl(password);
  }

  /**
   * What to give clients as their `url`, password included; no name is looked up for it. No
   * property that a log of the server would show.
   */
  get url(): string {
    return this.#url;
  }

  /**
   * Starts a server.
   *
   * @throws {ConfigError} `INVALID_OPTION` on an option that cannot be used.
   */
  // What is wrong with an option rejects the promise.
  // deno-lint-ignore require-await
  static async start(options: ServerOptions = {}): Promise<MemoryServer> {
    checkOptionNames(options, SERVER_OPTIONS, "MemoryServer.start");
    const { clock = systemClock, password } = options;
    return new MemoryServer(new ServerState(options, { slices: slicesBy(clock) }), password);
  }

  /** What it holds at this moment. */
  snapshot(): ServerSnapshot {
    return this.#core.snapshot();
  }

  /**
   * Tells a worker to go quiet or to end, as the reference server's web page does: it hears of it
   * at its next BEAT. False where no such worker is connected.
   */
  signalWorker(wid: string, state: "quiet" | "terminate"): boolean {
    return this.#core.workers.signal(wid, state);
  }

  /** Hangs up on everybody, and forgets every job. */
  close(): Promise<void> {
    this.#core.close();
    return Promise.resolve();
  }

  /** As {@linkcode MemoryServer.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A URL for a server in memory: well-formed, and of a host that there is not. */
export function memoryUrl(password = ""): string {
  return `tcp://${password === "" ? "" : `:${encodeURIComponent(password)}@`}memory:7419`;
}
