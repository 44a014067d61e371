// deno-lint-ignore-file require-await -- What fails rejects the promise.
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
  ServerQueue,
  ServerWorker,
  SetSelection,
} from "../inspect/types.ts";
import type { ServerInfo } from "../protocol/server_info.ts";
import type { FaktoryServer } from "../server/mod.ts";

/** What is done with jobs of a set. */
export type JobAction = "retry" | "kill" | "discard";

/** What is done with a queue. */
export type QueueAction = "pause" | "resume" | "remove";

/** A queue; of servers that do not say, whether it is paused is not known. */
export type ShownQueue = Omit<ServerQueue, "paused"> & { readonly paused: boolean | undefined };

/** What any Faktory server can be asked for. */
export interface Source {
  info(): Promise<ServerInfo>;
  queues(query: QueueQuery): Promise<QueuePage<ShownQueue>>;
  /** False where there is no such queue, or undefined where the server does not say. */
  changeQueue(action: QueueAction, name: string): Promise<boolean | undefined>;
  /** Gives how many jobs it were; `undefined` where the server does not say. */
  change(action: JobAction, selection: SetSelection): Promise<number | undefined>;
  /** What an embedded server can be asked for on top; `undefined` where this is none. */
  inspection(): Promise<Inspection | undefined>;
}

/** What an embedded server can be asked for on top. */
export interface Inspection {
  jobs(query: JobQuery): Promise<JobPage>;
  job(jid: string, options?: FindJobOptions): Promise<ServerJob | undefined>;
  count(selection: JobSelection): Promise<number>;
  change(action: JobAction, selection: JobSelection): Promise<number>;
  workers(): Promise<readonly ServerWorker[]>;
  signal(wid: string, state: "quiet" | "terminate"): Promise<boolean>;
  history(): Promise<ServerHistory>;
  batches(): Promise<readonly ServerBatch[]>;
}

/** The server that a source would ask has ended. */
export class ServerClosed extends Error {}

/** An embedded server of this process. */
export class EmbeddedSource implements Source, Inspection {
  readonly #server: FaktoryServer;
  #isClosed = false;

  constructor(server: FaktoryServer) {
    this.#server = server;
    const close = () => void (this.#isClosed = true);
    server.closed.then(close, close);
  }

  async info(): Promise<ServerInfo> {
    return this.#open.info();
  }

  async queues(query: QueueQuery): Promise<QueuePage> {
    return this.#open.queues(query);
  }

  async changeQueue(action: QueueAction, name: string): Promise<boolean> {
    return this.#open[`${action}Queue`](name);
  }

  async inspection(): Promise<Inspection> {
    return this;
  }

  async jobs(query: JobQuery): Promise<JobPage> {
    return await this.#open.jobs(query);
  }

  async job(jid: string, options?: FindJobOptions): Promise<ServerJob | undefined> {
    return await this.#open.job(jid, options);
  }

  async count(selection: JobSelection): Promise<number> {
    return await this.#open.count(selection);
  }

  async change(action: JobAction, selection: JobSelection): Promise<number> {
    return await this.#open[action](selection);
  }

  async workers(): Promise<readonly ServerWorker[]> {
    return await this.#open.workers();
  }

  async signal(wid: string, state: "quiet" | "terminate"): Promise<boolean> {
    return this.#open.signalWorker(wid, state);
  }

  async history(): Promise<ServerHistory> {
    return this.#open.history();
  }

  async batches(): Promise<readonly ServerBatch[]> {
    return this.#open.batches();
  }

  /** @throws {ServerClosed} */
  get #open(): FaktoryServer {
    if (this.#isClosed) throw new ServerClosed("The server has ended");
    return this.#server;
  }
}
