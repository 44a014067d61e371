import {
  checkOptionNames,
  type OptionNames,
  refuseConstruction,
} from "../internal/option_names.ts";
import { integerIn, invalidOption } from "../connection/options.ts";
import { deferred } from "../internal/deferred.ts";
import {
  SERVER_OPTIONS,
  type ServerOptions,
  type ServerSnapshot,
  ServerState,
  text,
} from "./server_state.ts";
import { checkJid, checkLookup } from "./inspect/check.ts";
import type { Inspector } from "./inspect/inspector.ts";
import type { ServerInfo } from "../protocol/server_info.ts";
import type {
  FindJobOptions,
  JobPage,
  JobQuery,
  JobSelection,
  QueuePage,
  QueueQuery,
  ServerBatch,
  ServerHistory,
  ServerJob,
  ServerWorker,
} from "../inspect/types.ts";
import { listen, type Listener } from "./listener.ts";
import { socketLimit } from "./socket_limit.ts";
import { GroupCommit } from "./store/group_commit.ts";
import { openLog } from "./store/open_log.ts";
import { nullStore, type Store } from "./store/store.ts";

/** Options of {@linkcode FaktoryServer.start}. */
export interface FaktoryServerOptions extends ServerOptions {
  /** The port to listen on; 0 for any that is free. @default 7419 */
  readonly port?: number | undefined;
  /** The address to listen on. @default "127.0.0.1" */
  readonly hostname?: string | undefined;
  /**
   * The certificate and its key, as PEM texts; clients then connect by `tcp+tls://`. @default none,
   * so no TLS
   */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /**
   * The folder that everything is kept in. The server makes it if it is not there. Needs Deno, Bun,
   * or Node 22.13 or later. A reply is sent only once the change that it confirms is on the disk.
   *
   * @default everything is kept in memory, and forgotten
   */
  readonly data?: string | URL | undefined;
}

const FAKTORY_SERVER_OPTIONS = {
  ...SERVER_OPTIONS,
  port: true,
  hostname: true,
  tls: true,
  data: true,
} as const satisfies OptionNames<FaktoryServerOptions>;

const KEY_PAIR = { cert: true, key: true } as const satisfies OptionNames<
  NonNullable<FaktoryServerOptions["tls"]>
>;

/**
 * A Faktory server in this process, with nothing else to install: in memory for development and
 * tests, or with its `data` in a folder, for small installations. It speaks real TCP and answers as
 * the reference server (1.10.0) does; moving to that one is a change of URL.
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
  /**
   * Resolves once it is closed, and rejects with a {@linkcode StoreError} where it closed itself as
   * something could not be saved.
   */
  readonly closed: Promise<void>;

  readonly #url: string;
  readonly #core: ServerState;
  readonly #listener: Listener;
  readonly #store: Store;
  readonly #ended = deferred();
  #isClosing = false;

  private constructor(
    core: ServerState,
    listener: Listener,
    store: Store,
    options: FaktoryServerOptions,
  ) {
    if (!(core instanceof ServerState)) {
      throw refuseConstruction("FaktoryServer", "FaktoryServer.start(options)");
    }
    this.#core = core;
    this.#listener = listener;
    this.#store = store;
    this.port = listener.port;
    this.#url = urlOf(options, listener.port);
    this.closed = this.#ended.promise;
    // Whoever does not ask hears of it from `close()`.
    this.closed.catch(() => {});
  }

  /**
   * Starts a server.
   *
   * @throws {ConfigError} `INVALID_OPTION` on an option that cannot be used, such as a port that is
   * taken. `UNSUPPORTED_RUNTIME` where the runtime has no `node:net` or, with `data`, no
   * `node:sqlite`. Of `data`: `INVALID_DATA` on a folder that is damaged or another program's,
   * which is left as it is, `DATA_IN_USE` on one that another server has open, and
   * `DATA_UNAVAILABLE` on one that cannot be read and written, such as on a disk that is full or
   * read-only.
   */
  static async start(options: FaktoryServerOptions = {}): Promise<FaktoryServer> {
    checkOptionNames(options, FAKTORY_SERVER_OPTIONS, "FaktoryServer.start");
    const port = integerIn("port", options.port, { min: 0, max: 65_535, fallback: 7419 });
    const hostname = text("hostname", options.hostname) ?? "127.0.0.1";
    const tls = keyPair(options.tls);
    const saver = options.data === undefined
      ? undefined
      : new GroupCommit(await openLog(options.data));
    const store = saver ?? nullStore;
    let core: ServerState | undefined;
    try {
      core = new ServerState(options, { store });
      const listener = await listen({ hostname, port, tls, limit: socketLimit() }, core);
      const server = new FaktoryServer(core, listener, store, options);
      saver?.whenFailed(() => server.#close());
      return server;
    } catch (error) {
      core?.close();
      await store.close();
      throw error;
    }
  }

  /**
   * Where clients find it, password included; so it is no property that a log of the server would
   * show.
   */
  get url(): string {
    return this.#url;
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

  /**
   * Lists jobs of a set, or of a queue: the first 25, unless the query says otherwise. A page of a
   * million jobs costs no more than one of a hundred; with a filter the server goes on serving its
   * clients meanwhile, and looks at 100,000 jobs a call: `next` is the `offset` to continue from.
   *
   * @example See why jobs failed
   * ```ts
   * import { FaktoryServer } from "@faktory-ts/faktory/server";
   *
   * await using server = await FaktoryServer.start({ port: 0 });
   * const { jobs, total } = await server.jobs({ set: "retries", type: "resize" });
   * for (const { jid, args, failure } of jobs) console.log(jid, args, failure?.message);
   * console.assert(total === 0);
   * ```
   *
   * @throws {InvalidArgumentError} `INVALID_FILTER`.
   */
  jobs(query: JobQuery): Promise<JobPage> {
    return this.#inspector.jobs(query);
  }

  /**
   * Finds a job by its id, with a worker, in a set or on a queue; `undefined` where there is none,
   * as after it succeeded. The queues are searched, with clients served meanwhile: half a second
   * for a million jobs.
   *
   * @throws {InvalidArgumentError} `INVALID_FILTER`.
   */
  // What is wrong with an argument rejects the promise.
  // deno-lint-ignore require-await
  async job(jid: string, options: FindJobOptions = {}): Promise<ServerJob | undefined> {
    return this.#inspector.job(checkJid(jid), checkLookup(options));
  }

  /**
   * Puts jobs of the sets back on their queues, to run at once; how many there were. An id that is
   * in no set counts as 0, also where its job is on a queue or with a worker.
   *
   * @example Run every dead job of a type again
   * ```ts
   * import { FaktoryServer } from "@faktory-ts/faktory/server";
   *
   * await using server = await FaktoryServer.start({ port: 0 });
   * console.assert(await server.retry({ set: "dead", type: "resize" }) === 0);
   * ```
   *
   * @throws {InvalidArgumentError} `INVALID_FILTER`, or `FILTER_MATCHES_ALL` without a filter and
   * without `all: true`.
   */
  retry(jobs: JobSelection): Promise<number> {
    return this.#inspector.change("requeue", jobs);
  }

  /**
   * Moves jobs of the sets to the dead; how many there were.
   *
   * @throws {InvalidArgumentError} as {@linkcode FaktoryServer.retry}.
   */
  kill(jobs: JobSelection): Promise<number> {
    return this.#inspector.change("kill", jobs);
  }

  /**
   * Deletes jobs of the sets; how many there were.
   *
   * @throws {InvalidArgumentError} as {@linkcode FaktoryServer.retry}.
   */
  discard(jobs: JobSelection): Promise<number> {
    return this.#inspector.change("discard", jobs);
  }

  /**
   * Counts the jobs that `retry`, `kill` or `discard` would change.
   *
   * @throws {InvalidArgumentError} as {@linkcode FaktoryServer.retry}.
   */
  count(jobs: JobSelection): Promise<number> {
    return this.#inspector.count(jobs);
  }

  /** The server's figures, as `producer.info()` gives them. */
  info(): ServerInfo {
    return this.#inspector.info();
  }

  /** How many jobs were enqueued, run and failed in the last hour and week; kept with `data`. */
  history(): ServerHistory {
    return this.#inspector.history();
  }

  /** Lists batches (Enterprise), the newest 1000 first. */
  batches(): ServerBatch[] {
    return this.#inspector.batches();
  }

  /** Holds back the jobs of a queue; false where there is no queue of the name. */
  pauseQueue(name: string): boolean {
    return this.#inspector.changeQueue("pause", name);
  }

  /** Hands out the jobs of a queue again; false where there is no queue of the name. */
  resumeQueue(name: string): boolean {
    return this.#inspector.changeQueue("resume", name);
  }

  /** Removes a queue **with all jobs on it**; false where there is no queue of the name. */
  removeQueue(name: string): boolean {
    return this.#inspector.changeQueue("remove", name);
  }

  /**
   * Lists the queues: the first 1000 in the order of their names, unless the query says otherwise.
   *
   * @throws {InvalidArgumentError} `INVALID_FILTER`.
   */
  queues(query: QueueQuery = {}): QueuePage {
    return this.#inspector.queues(query);
  }

  /** Lists the worker processes that are connected, each with its jobs. */
  workers(): Promise<ServerWorker[]> {
    return this.#inspector.workers();
  }

  /**
   * Hangs up on every client. Without `data` the server forgets every job, with `data` it first
   * saves what is not saved yet.
   *
   * @throws {StoreError} where something could not be saved, also where that was earlier.
   */
  close(): Promise<void> {
    this.#close();
    return this.closed;
  }

  /** As {@linkcode FaktoryServer.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #inspector(): Inspector {
    return this.#core.context.inspector;
  }

  #close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#core.close();
    // Connections end once what they are owed is saved.
    const saved = this.#store.close();
    this.#ended.resolve(Promise.all([saved, this.#listener.close(saved)]).then(() => {}));
  }
}

/** @throws {ConfigError} `INVALID_OPTION` where it is not two texts. */
function keyPair(tls: unknown): { cert: string; key: string } | undefined {
  if (tls === undefined) return undefined;
  const { cert, key } = (tls ?? {}) as { cert?: unknown; key?: unknown };
  if (typeof cert === "string" && typeof key === "string") {
    checkOptionNames(tls, KEY_PAIR, "tls", "tls.");
    return { cert, key };
  }
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
