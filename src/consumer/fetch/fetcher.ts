import type { ConnectionPool } from "../../connection/pool.ts";
import type { ReconnectingConnection } from "../../connection/reconnecting_connection.ts";
import type { Request } from "../../connection/request.ts";
import { ConnectionLostError, StateError } from "../../errors.ts";
import type { Job } from "../../job/job.ts";
import type { Command } from "../../protocol/commands/command.ts";
import type { JobRuns } from "../run/job_runs.ts";
import type { SessionContext } from "../session/context.ts";
import type { RunLimits } from "../session/run_limits.ts";
import { Prefetch } from "./prefetch.ts";
import type { FetchRequest, QueueSelector } from "./queue_selector.ts";

/** FETCHes in flight on one connection, at most. */
const MAX_DEPTH = 64;

/** Connections that are enough for a server that answers faster than the replies can be read. */
const FEW_CONNECTIONS = 2;

/** The part of the replies that come together with another, from which on few connections are enough. */
const TOGETHER = 0.75;

/** How much one reply weighs among those before it. */
const WEIGHT = 1 / 64;

/** How long a connection rests after the server refused a FETCH, in milliseconds. */
const REST_MS = 1000;

/** A server has nothing for two seconds before it says so. One that says so earlier is asked this often, in milliseconds. */
const ASK_AGAIN_MS = 100;

/** The parts that a fetcher works with. */
export interface FetcherParts {
  readonly selector: QueueSelector;
  readonly runs: JobRuns;
  readonly limits: RunLimits;
}

/** A connection that carries FETCHes. */
interface FetchConnection {
  readonly connection: ReconnectingConnection;
  inFlight: number;
  /** Those of them that leave out queues for their limits. */
  partial: number;
  /** The connection's `reads` at the last reply. */
  reads: number;
  /** Ends its rest. */
  cancelRest: (() => void) | undefined;
}

/** Fetches as many jobs as can be run, over a few connections. No FETCH is abandoned while its connection lives. */
export class Fetcher {
  /** When the last FETCH was sent that was answered; at first, when the fetcher was made. */
  answeredAt: number;
  /** Whether any FETCH was answered. */
  hasAnswer = false;
  /** Why the last FETCH that failed did. */
  lastError: unknown;
  readonly #context: SessionContext;
  readonly #selector: QueueSelector;
  readonly #runs: JobRuns;
  readonly #limits: RunLimits;
  readonly #prefetch: Prefetch;
  readonly #connections: readonly FetchConnection[];
  readonly #pump = () => this.pump();
  #inFlight = 0;
  #isClosed = false;
  /** The part of the replies that came together with another; the last ones weigh most. */
  #together = 0;

  constructor(
    context: SessionContext,
    pool: ConnectionPool,
    { selector, runs, limits }: FetcherParts,
  ) {
    this.#context = context;
    this.#selector = selector;
    this.#runs = runs;
    this.#limits = limits;
    this.#prefetch = new Prefetch(context.steady, selector);
    this.answeredAt = context.steady.now();
    this.#connections = pool.all.map((connection) => ({
      connection,
      inFlight: 0,
      partial: 0,
      reads: 0,
      cancelRest: undefined,
    }));
  }

  /** FETCHes that have no reply yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Sends FETCHes for as many jobs as can be run. */
  pump(): void {
    let wanted = this.#runs.wanted - this.#inFlight;
    if (wanted <= 0) return;
    const deep = this.#prefetch.maxInFlight;
    while (wanted > 0 && this.#inFlight < Math.max(deep, this.#connections.length)) {
      const request = this.#selector.next();
      if (request === undefined) return;
      const connection = this.#least(request);
      // More than one on a connection only as far as the backlog goes.
      if (connection === undefined || (connection.inFlight > 0 && this.#inFlight >= deep)) return;
      this.#fetch(connection, request);
      wanted--;
    }
  }

  /** Fetches nothing more. Replies to what was sent are still awaited; what waits for a connection is cancelled. */
  close(): void {
    this.#isClosed = true;
    for (const { connection, cancelRest } of this.#connections) {
      cancelRest?.();
      if (!connection.connected) connection.close();
    }
  }

  /**
   * The connection with the least to do. A server that waits for its store is kept busy by all connections. If replies come
   * many at a time, the server is not the bottleneck, and fewer connections make larger reads and writes, whose cost is per
   * read and write.
   *
   * A FETCH that leaves out queues for their limits may wait for two seconds, and a queue whose limit has room again must not
   * wait that long. So such FETCHes go one to a connection, and never on the last one.
   */
  #least({ isWhole }: FetchRequest): FetchConnection | undefined {
    let least: FetchConnection | undefined;
    let left = this.#together > TOGETHER ? FEW_CONNECTIONS : this.#connections.length;
    const usable = isWhole ? this.#connections.length : Math.max(1, this.#connections.length - 1);
    for (let i = 0; i < usable && left > 0; i++) {
      const connection = this.#connections[i]!;
      if (connection.partial > 0 || connection.cancelRest !== undefined) continue;
      if (connection.inFlight >= (isWhole ? MAX_DEPTH : 1)) continue;
      left--;
      if (least === undefined || connection.inFlight < least.inFlight) least = connection;
    }
    return least;
  }

  #fetch(connection: FetchConnection, request: FetchRequest): void {
    connection.inFlight++;
    if (!request.isWhole) connection.partial++;
    this.#inFlight++;
    this.#selector.sent(request);
    connection.connection.send(new Fetch(this, request, connection) as Request);
  }

  /** @internal A FETCH was answered. */
  answered(fetch: Fetch, job: Job | undefined): void {
    const { connection, sentAt } = fetch;
    this.#end(fetch);
    const { reads } = connection.connection;
    this.#together += ((reads === connection.reads ? 1 : 0) - this.#together) * WEIGHT;
    connection.reads = reads;
    this.hasAnswer = true;
    if (job === undefined) return this.#foundNothing(fetch);
    this.answeredAt = sentAt;
    this.#prefetch.fetched();
    this.#runs.take(job, sentAt);
    this.#context.advance();
    // While more jobs could be run than are being fetched, it pays to know whether there are more.
    if (this.#runs.wanted > this.#inFlight) this.#prefetch.refresh(this.#pump);
  }

  #foundNothing({ request, connection, sentAt }: Fetch): void {
    const now = this.answeredAt = this.#context.steady.now();
    if (now - sentAt < ASK_AGAIN_MS) this.#rest(connection, sentAt + ASK_AGAIN_MS - now);
    this.#limits.foundNothing(request, this.#runs.size === 0);
    this.#context.advance();
  }

  /** @internal A FETCH was lost with its connection, or refused. */
  refused(fetch: Fetch, error: unknown): void {
    const { connection } = fetch;
    this.lastError = error;
    this.#end(fetch);
    if (!(error instanceof ConnectionLostError) && !(error instanceof StateError)) {
      this.#context.events.emit("fetchError", { error });
      this.#rest(connection, REST_MS);
    }
    this.#context.advance();
  }

  #end({ connection, request }: Fetch): void {
    connection.inFlight--;
    if (!request.isWhole) connection.partial--;
    this.#inFlight--;
    this.#selector.answered(request);
  }

  /** @internal */
  now(): number {
    return this.#context.steady.now();
  }

  /** @internal Whether a FETCH must not be sent any more. */
  get isOver(): boolean {
    return this.#context.phase !== "running";
  }

  #rest(connection: FetchConnection, ms: number): void {
    if (this.#isClosed || connection.cancelRest !== undefined) return;
    connection.cancelRest = this.#context.steady.after(ms, () => {
      connection.cancelRest = undefined;
      this.pump();
    });
  }
}

/** One FETCH in flight. */
class Fetch implements Request<Job | undefined> {
  readonly command: Command<Job | undefined>;
  readonly request: FetchRequest;
  readonly connection: FetchConnection;
  /** When it was sent, by the steady clock. */
  sentAt = 0;
  readonly #fetcher: Fetcher;
  resent?: boolean;

  constructor(fetcher: Fetcher, request: FetchRequest, connection: FetchConnection) {
    this.command = request.command;
    this.request = request;
    this.connection = connection;
    this.#fetcher = fetcher;
  }

  get cancelled(): boolean {
    return this.#fetcher.isOver;
  }

  /** It may have waited for a connection for longer than a reservation lasts. */
  sending(): void {
    this.sentAt = this.#fetcher.now();
  }

  resolve(job: Job | undefined): void {
    this.#fetcher.answered(this, job);
  }

  reject(error: unknown): void {
    this.#fetcher.refused(this, error);
  }
}
