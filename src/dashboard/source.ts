// deno-lint-ignore-file require-await -- Errors reject the promise.
import type {
  FindJobOptions,
  JobAttempt,
  JobPage,
  JobPlace,
  JobQuery,
  JobSelection,
  QueuePage,
  QueueQuery,
  QueueSelection,
  ServerBatch,
  ServerHistory,
  ServerJob,
  ServerQueue,
  ServerRecurring,
  ServerWorker,
  SetSelection,
} from "../inspect/types.ts";
import type { ServerInfo } from "../protocol/server_info.ts";
import type { FaktoryServer } from "../server/mod.ts";

/** A change of jobs. */
export type JobAction = "retry" | "kill" | "discard";

/** A change of a queue. */
export type QueueAction = "pause" | "resume" | "remove";

/** A queue. `paused` is `undefined` if the server does not tell it. */
export type ShownQueue = Omit<ServerQueue, "paused"> & { readonly paused: boolean | undefined };

/** The place of a cancelled job. Other servers only tell if a worker had it. */
export type CancelledPlace = JobPlace | "unknown";

/** The data and changes that every Faktory server provides. */
export interface Source {
  info(): Promise<ServerInfo>;
  queues(query: QueueQuery): Promise<QueuePage<ShownQueue>>;
  /** Returns true if the queue exists; `undefined` if the server does not tell. */
  changeQueue(action: QueueAction, name: string): Promise<boolean | undefined>;
  /** Returns the number of changed jobs, `undefined` if the server does not tell it. */
  change(
    action: JobAction,
    selection: SetSelection | QueueSelection,
  ): Promise<number | undefined>;
  /** Cancels a job. Returns its place, `undefined` if there was nothing to cancel. */
  cancel(jid: string): Promise<CancelledPlace | undefined>;
  /** Returns the additional functions of an embedded server, `undefined` for other servers. */
  inspection(): Promise<Inspection | undefined>;
}

/** The data and changes that an embedded server provides in addition. */
export interface Inspection {
  jobs(query: JobQuery): Promise<JobPage>;
  job(jid: string, options?: FindJobOptions): Promise<ServerJob | undefined>;
  /** Returns the attempts of a job that are kept, the first one first. */
  attempts(jid: string): Promise<readonly JobAttempt[]>;
  recurring(): Promise<readonly ServerRecurring[]>;
  count(selection: JobSelection): Promise<number>;
  change(action: JobAction, selection: JobSelection): Promise<number>;
  workers(): Promise<readonly ServerWorker[]>;
  signal(wid: string, state: "quiet" | "terminate"): Promise<boolean>;
  history(): Promise<ServerHistory>;
  batches(): Promise<readonly ServerBatch[]>;
}

/** Thrown when the server has closed. */
export class ServerClosed extends Error {}

/** An embedded server in this process. */
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

  async attempts(jid: string): Promise<readonly JobAttempt[]> {
    return this.#open.attempts(jid);
  }

  async cancel(jid: string): Promise<JobPlace | undefined> {
    return await this.#open.cancel(jid);
  }

  async recurring(): Promise<readonly ServerRecurring[]> {
    return this.#open.recurring();
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
    if (this.#isClosed) throw new ServerClosed("The server has closed");
    return this.#server;
  }
}
