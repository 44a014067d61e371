import { integerIn, invalidOption } from "../connection/options.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { residentKib } from "../internal/environment.ts";
import { loadSha256, type Sha256 } from "../internal/sha256.ts";
import type { CommandContext } from "./commands.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { Greeter } from "./handshake.ts";
import { listen, type Listener } from "./listener.ts";
import { Manager } from "./manager.ts";
import { writeTime } from "./stored_job.ts";
import { Tasks } from "./tasks.ts";
import { Workers } from "./workers.ts";

/** Options of {@linkcode FaktoryServer.start}. */
export interface FaktoryServerOptions {
  /** The port to listen on; 0 for any that is free. @default 7419 */
  readonly port?: number | undefined;
  /** The address to listen on. @default "127.0.0.1" */
  readonly hostname?: string | undefined;
  /** The password that clients have to know. @default none */
  readonly password?: string | undefined;
  /** Connections that are taken at the same time. @default 2000 */
  readonly maxConnections?: number | undefined;
  /** Where the server's time comes from; a `ManualClock` lets tests move it. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** What a server holds, for tests and curious people. */
export interface ServerSnapshot {
  /** Jobs waiting in each queue. */
  readonly queues: Readonly<Record<string, number>>;
  /** Jobs for a later time. */
  readonly scheduled: number;
  /** Failed jobs that are to be tried again. */
  readonly retries: number;
  /** Failed jobs that are not. */
  readonly dead: number;
  /** Jobs with a worker. */
  readonly working: number;
  /** FETCHes that wait. */
  readonly waiting: number;
  /** Jobs that were run, whether they failed or not. */
  readonly processed: number;
  /** Failures of jobs. */
  readonly failures: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Consumers that have said who they are. */
  readonly workers: number;
}

/** The version of the reference server that this one behaves as. */
const VERSION = "1.10.0";

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
    const core = new Core(options, await loadSha256());
    try {
      const listener = await listen({ hostname, port }, (peer) => core.connect(peer));
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

/** The server but for its socket. */
class Core implements ConnectionOwner {
  readonly context: CommandContext;
  readonly greeter: Greeter;
  readonly workers: Workers;
  isClosing = false;
  readonly #clock: Clock;
  readonly #manager: Manager;
  readonly #tasks: Tasks;
  readonly #maxConnections: number;
  readonly #startedAt: number;
  readonly #open = new Set<Connection>();
  readonly #admitted = new Set<Connection>();
  readonly #sleepers = new Set<() => void>();
  #commands = 0;

  constructor(options: FaktoryServerOptions, sha256: Sha256) {
    const clock = this.#clock = options.clock ?? systemClock;
    this.#maxConnections = integerIn("maxConnections", options.maxConnections, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      fallback: 2000,
    });
    const password = text("password", options.password);
    this.greeter = new Greeter(password === "" ? undefined : password, sha256);
    this.#startedAt = clock.now();
    this.#manager = new Manager(clock);
    this.workers = new Workers(clock);
    this.#tasks = new Tasks(clock, this.#manager, this.workers);
    this.context = {
      manager: this.#manager,
      workers: this.workers,
      clock,
      info: () => this.#info(),
      sleep: (ms) => this.#sleep(ms),
    };
  }

  connect(peer: ConstructorParameters<typeof Connection>[0]): Connection {
    const connection = new Connection(peer, this);
    this.#open.add(connection);
    return connection;
  }

  admit(connection: Connection): string | undefined {
    this.#admitted.add(connection);
    const count = this.#admitted.size;
    return count > this.#maxConnections ? `too many connections: ${count}` : undefined;
  }

  countCommand(): void {
    this.#commands++;
  }

  closed(connection: Connection): void {
    this.#open.delete(connection);
    this.#admitted.delete(connection);
  }

  close(): void {
    this.isClosing = true;
    this.#tasks.close();
    this.#manager.close();
    for (const wake of [...this.#sleepers]) wake();
    for (const connection of this.#open) connection.shutDown();
  }

  snapshot(): ServerSnapshot {
    const { queues, sets, working, waiting, processed, failures } = this.#manager;
    return {
      queues: queues.sizes(),
      scheduled: sets.scheduled.size,
      retries: sets.retries.size,
      dead: sets.dead.size,
      working,
      waiting: waiting + this.#sleepers.size,
      processed,
      failures,
      connections: this.#admitted.size,
      workers: this.workers.size,
    };
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancelTimer();
        this.#sleepers.delete(wake);
        resolve();
      };
      const cancelTimer = this.#clock.after(ms, wake);
      this.#sleepers.add(wake);
    });
  }

  #info(): unknown {
    const { queues, scheduled, retries, dead, working, processed, failures, connections } = this
      .snapshot();
    const now = this.#clock.now();
    return {
      now: writeTime(now),
      server_utc_time: `${new Date(now).toISOString().slice(11, 19)} UTC`,
      faktory: {
        queues,
        sets: { dead, retries, scheduled, working },
        tasks: this.#tasks.stats(),
        total_failures: failures,
        total_processed: processed,
        total_enqueued: Object.values(queues).reduce((sum, size) => sum + size, 0),
        total_queues: Object.keys(queues).length,
      },
      server: {
        description: "Faktory",
        faktory_version: VERSION,
        uptime: Math.floor((now - this.#startedAt) / 1000),
        connections,
        command_count: this.#commands,
        used_memory_mb: Math.round((residentKib() ?? 0) / 1024),
      },
    };
  }
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw invalidOption(name, "a text", name === "password" ? typeof value : value);
}

function urlOf({ hostname = "127.0.0.1", password = "" }: FaktoryServerOptions, port: number) {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const everywhere = host === "0.0.0.0" || host === "[::]";
  const user = password === "" ? "" : `:${encodeURIComponent(password)}@`;
  return `tcp://${user}${everywhere ? "localhost" : host}:${port}`;
}
