import {
  checkOptionNames,
  type OptionNames,
  refuseConstruction,
} from "../internal/option_names.ts";
import { integerIn, invalidOption } from "../connection/options.ts";
import { deferred } from "../internal/deferred.ts";
import { afterSockets } from "../internal/host_timers.ts";
import { optionalText, SERVER_OPTIONS, type ServerOptions } from "./server_options.ts";
import { type ServerSnapshot, ServerState } from "./server_state.ts";
import { checkJid, checkLookup } from "./inspect/check.ts";
import type { Inspector } from "./inspect/inspector.ts";
import type { ServerInfo } from "../protocol/server_info.ts";
import type {
  FindJobOptions,
  JobAttempt,
  JobPage,
  JobPlace,
  JobQuery,
  JobSelection,
  QueuePage,
  QueueQuery,
  ServerBatch,
  ServerHistory,
  ServerJob,
  ServerRecurring,
  ServerWorker,
} from "../inspect/types.ts";
import { listen, type Listener } from "./listener.ts";
import { socketLimit } from "./socket_limit.ts";
import { GroupCommit } from "./store/group_commit.ts";
import { openLog } from "./store/open_log.ts";
import { nullStore, type Store } from "./store/store.ts";

/** Options of {@linkcode FaktoryServer.start}. */
export interface FaktoryServerOptions extends ServerOptions {
  /** The port to listen on. 0 picks a free one. @default 7419 */
  readonly port?: number | undefined;
  /** The address to listen on. @default "127.0.0.1" */
  readonly hostname?: string | undefined;
  /**
   * The certificate and its key, in PEM format. Clients then connect with a `tcp+tls://` URL.
   *
   * @default no TLS
   */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /**
   * The folder to keep all data in, created if it does not exist. Needs Deno, Bun, or Node 22.13 or
   * later. The server replies to a command only after its change is on the disk.
   *
   * @default all data are in memory, and lost when the server closes
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
 * A Faktory server inside this process. Nothing else has to be installed. It keeps its data in
 * memory, for development and tests, or in a folder (`data`), for small installations. It listens
 * on TCP and answers as the reference server (1.10.0) does: to move to that server, change the URL.
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
  /** The port that the server listens on. */
  readonly port: number;
  /**
   * Resolves when the server has closed. Rejects with a {@linkcode StoreError} if the server closed
   * itself because it could not save a change.
   */
  readonly closed: Promise<void>;

  readonly #url: string;
  readonly #state: ServerState;
  readonly #listener: Listener;
  readonly #store: Store;
  readonly #ended = deferred();
  #isClosing = false;

  private constructor(
    state: ServerState,
    listener: Listener,
    store: Store,
    options: FaktoryServerOptions,
  ) {
    if (!(state instanceof ServerState)) {
      throw refuseConstruction("FaktoryServer", "FaktoryServer.start(options)");
    }
    this.#state = state;
    this.#listener = listener;
    this.#store = store;
    this.port = listener.port;
    this.#url = urlOf(options, listener.port);
    this.closed = this.#ended.promise;
    // Callers who ignore this promise get the error from `close()`.
    this.closed.catch(() => {});
  }

  /**
   * Starts a server.
   *
   * @throws {ConfigError} `INVALID_OPTION` for an option that cannot be used, such as a port that
   *   is taken. `UNSUPPORTED_RUNTIME` if the runtime has no `node:net`. With `data`: `INVALID_DATA`
   *   for a folder that is damaged or belongs to another program (the folder is left unchanged),
   *   `DATA_IN_USE` if another server has the folder open, and `DATA_UNAVAILABLE` if the folder
   *   cannot be read and written, for example on a full or read-only disk.
   */
  static async start(options: FaktoryServerOptions = {}): Promise<FaktoryServer> {
    checkOptionNames(options, FAKTORY_SERVER_OPTIONS, "FaktoryServer.start");
    const port = integerIn("port", options.port, { min: 0, max: 65_535, fallback: 7419 });
    const hostname = optionalText("hostname", options.hostname) ?? "127.0.0.1";
    const tls = keyPair(options.tls);
    const groupCommit = options.data === undefined
      ? undefined
      // A client's results and its FETCHes come on different connections: one group takes both.
      : new GroupCommit(await openLog(options.data), { defer: afterSockets });
    const store = groupCommit ?? nullStore;
    let state: ServerState | undefined;
    try {
      state = new ServerState(options, { store });
      const listener = await listen({ hostname, port, tls, limit: socketLimit() }, state);
      const server = new FaktoryServer(state, listener, store, options);
      groupCommit?.whenFailed(() => server.#close());
      return server;
    } catch (error) {
      state?.close();
      await store.close();
      throw error;
    }
  }

  /**
   * The URL for clients, password included. It is a getter, so that logging the server does not
   * print the password.
   */
  get url(): string {
    return this.#url;
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

  /**
   * Lists jobs of a set or a queue: the first 25, unless the query says otherwise. A page of a
   * million jobs takes no longer than a page of a hundred. With a filter, one call examines up to
   * 100,000 jobs, and the server serves other clients meanwhile: to continue, pass `next` as the
   * `offset`.
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
   * Finds a job by its id, with a worker, in a set or on a queue. Returns `undefined` if there is
   * no such job, for example after it succeeded. Searching the queues takes half a second per
   * million jobs; the server serves other clients meanwhile.
   *
   * @throws {InvalidArgumentError} `INVALID_FILTER`.
   */
  // Async, so that an invalid argument rejects the promise.
  // deno-lint-ignore require-await
  async job(jid: string, options: FindJobOptions = {}): Promise<ServerJob | undefined> {
    return this.#inspector.job(checkJid(jid), checkLookup(options));
  }

  /**
   * Puts jobs of the sets back on their queues, to run at once. Returns their number. An id that is
   * in no set counts as 0, even if its job is on a queue or with a worker.
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
   *   without `all: true`.
   */
  retry(jobs: JobSelection): Promise<number> {
    return this.#inspector.change("requeue", jobs);
  }

  /**
   * Moves jobs of the sets, or of a queue, to the dead set. Returns their number.
   *
   * @throws {InvalidArgumentError} like {@linkcode FaktoryServer.retry}.
   */
  kill(jobs: JobSelection): Promise<number> {
    return this.#inspector.change("kill", jobs);
  }

  /**
   * Deletes jobs of the sets, or of a queue. Returns their number. Searching a queue takes
   * half a second per million jobs; clients are served meanwhile.
   *
   * @example Discard a job that waits on its queue
   * ```ts
   * import { Producer } from "@faktory-ts/faktory";
   * import { FaktoryServer } from "@faktory-ts/faktory/server";
   *
   * await using server = await FaktoryServer.start({ port: 0 });
   * await using producer = await Producer.connect({ url: server.url });
   * const jid = await producer.enqueue("resize", ["cat.png"]);
   * console.assert(await server.discard({ queue: "default", jids: [jid] }) === 1);
   * ```
   *
   * @throws {InvalidArgumentError} like {@linkcode FaktoryServer.retry}.
   */
  discard(jobs: JobSelection): Promise<number> {
    return this.#inspector.change("discard", jobs);
  }

  /**
   * Counts the jobs that `retry`, `kill` or `discard` would change.
   *
   * @throws {InvalidArgumentError} like {@linkcode FaktoryServer.retry}.
   */
  count(jobs: JobSelection): Promise<number> {
    return this.#inspector.count(jobs);
  }

  /**
   * Cancels a job, as `producer.cancel` does, but does not wait until the worker confirms: a
   * handler that runs on a consumer with `cancellation: true` gets its signal within ten seconds.
   * Returns the place of the job, or `undefined` if there was nothing to cancel, for example
   * because the job is dead.
   *
   * @throws {InvalidArgumentError} `INVALID_FILTER`.
   */
  // deno-lint-ignore require-await
  async cancel(jid: string): Promise<Exclude<JobPlace, "dead"> | undefined> {
    return this.#inspector.cancel(checkJid(jid));
  }

  /**
   * Lists the failed attempts of a job in order, and the success that followed them, even if the
   * server no longer has the job. The server keeps the latest 10,000 attempts of all jobs; with
   * `data`, also after a restart.
   *
   * @throws {InvalidArgumentError} `INVALID_FILTER`.
   */
  attempts(jid: string): JobAttempt[] {
    return this.#inspector.attempts(checkJid(jid));
  }

  /** Lists the recurring jobs of the option `cron` (Enterprise). */
  recurring(): ServerRecurring[] {
    return this.#inspector.recurring();
  }

  /** Returns the server's statistics, in the form of `producer.info()`. */
  info(): ServerInfo {
    return this.#inspector.info();
  }

  /**
   * Counts the jobs enqueued, run and failed in the last hour and week. Saved if the server has
   * `data`.
   */
  history(): ServerHistory {
    return this.#inspector.history();
  }

  /** Lists batches (Enterprise), the newest 1000 first. */
  batches(): ServerBatch[] {
    return this.#inspector.batches();
  }

  /** Pauses a queue: its jobs are not handed out. Returns true if the queue exists. */
  pauseQueue(name: string): boolean {
    return this.#inspector.changeQueue("pause", name);
  }

  /** Resumes a paused queue. Returns true if the queue exists. */
  resumeQueue(name: string): boolean {
    return this.#inspector.changeQueue("resume", name);
  }

  /** Removes a queue **with all its jobs**. Returns true if the queue exists. */
  removeQueue(name: string): boolean {
    return this.#inspector.changeQueue("remove", name);
  }

  /**
   * Lists the queues: the first 1000 by name, unless the query says otherwise.
   *
   * @throws {InvalidArgumentError} `INVALID_FILTER`.
   */
  queues(query: QueueQuery = {}): QueuePage {
    return this.#inspector.queues(query);
  }

  /** Lists the connected worker processes, each with its jobs. */
  workers(): Promise<ServerWorker[]> {
    return this.#inspector.workers();
  }

  /**
   * Closes all connections and stops the server. A server with `data` first saves every change. A
   * server without `data` loses its jobs.
   *
   * @throws {StoreError} if a change could not be saved, now or earlier.
   */
  close(): Promise<void> {
    this.#close();
    return this.closed;
  }

  /** Same as {@linkcode FaktoryServer.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #inspector(): Inspector {
    return this.#state.context.inspector;
  }

  #close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#state.close();
    // Connections end after the replies that they wait for are saved and sent.
    const saved = this.#store.close();
    this.#ended.resolve(Promise.all([saved, this.#listener.close(saved)]).then(() => {}));
  }
}

/** @throws {ConfigError} `INVALID_OPTION` if the certificate or the key is not a string. */
function keyPair(tls: unknown): { cert: string; key: string } | undefined {
  if (tls === undefined) return undefined;
  const { cert, key } = (tls ?? {}) as { cert?: unknown; key?: unknown };
  if (typeof cert === "string" && typeof key === "string") {
    checkOptionNames(tls, KEY_PAIR, "tls", "tls.");
    return { cert, key };
  }
  throw invalidOption("tls", "a certificate and its key in PEM format", typeof tls);
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
