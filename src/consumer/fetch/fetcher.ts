import type { Request } from "../../connection/request.ts";
import { ConnectionLostError, StateError } from "../../errors.ts";
import type { Job } from "../../job/job.ts";
import type { Command } from "../../protocol/commands/command.ts";
import type { JobRuns } from "../run/job_runs.ts";
import type { SessionContext } from "../session/context.ts";
import type { RunLimits } from "../session/run_limits.ts";
import type { FetchConnection, FetchConnections } from "./fetch_connections.ts";
import { Prefetch, WAITED_MS } from "./prefetch.ts";
import type { FetchRequest, QueueSelector } from "./queue_selector.ts";

/**
 * Maximum number of FETCHes in flight, in addition to one per connection. A stop has to release all
 * jobs that they bring.
 */
const MAX_IN_FLIGHT = 256;

/** Pause of a connection after the server refused a FETCH, in milliseconds. */
const PAUSE_MS = 1000;

/** The parts that a fetcher works with. */
export interface FetcherParts {
  readonly connections: FetchConnections;
  readonly selector: QueueSelector;
  readonly runs: JobRuns;
  readonly limits: RunLimits;
}

/** Fetches as many jobs as can be run. A FETCH is never given up while its connection is open. */
export class Fetcher {
  /** Time at which the last answered FETCH was sent; at first, the time of creation. */
  answeredAt: number;
  /** True if any FETCH was answered. */
  hasAnswer = false;
  /** The error of the last failed FETCH. */
  lastError: unknown;
  readonly #context: SessionContext;
  readonly #connections: FetchConnections;
  readonly #selector: QueueSelector;
  readonly #runs: JobRuns;
  readonly #limits: RunLimits;
  readonly #prefetch: Prefetch;
  readonly #fetchMore = () => this.fetchMore();
  #inFlight = 0;
  #isClosed = false;
  /** True while FETCHes are being sent. */
  #isSending = false;
  /** True if `fetchMore` was called meanwhile, so that more FETCHes may be needed. */
  #mustSendMore = false;

  constructor(context: SessionContext, { connections, selector, runs, limits }: FetcherParts) {
    this.#context = context;
    this.#connections = connections;
    this.#selector = selector;
    this.#runs = runs;
    this.#limits = limits;
    this.#prefetch = new Prefetch(context.monotonic, selector);
    this.answeredAt = context.monotonic.now();
    connections.onGrown(this.#fetchMore);
  }

  /** Number of FETCHes without a reply. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Sends a FETCH for each job that can be run. A result that is sent with a FETCH may be rejected
   * at once, which frees a slot and calls this method again. The call in progress then does its
   * work.
   */
  fetchMore(): void {
    // Also called by timers and by replies to INFO, which may come after the session was stopped.
    if (this.isOver) return;
    this.#mustSendMore = true;
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#mustSendMore) {
        this.#mustSendMore = false;
        this.#sendFetches();
      }
    } finally {
      this.#isSending = false;
    }
  }

  #sendFetches(): void {
    let wanted = this.#runs.wanted - this.#inFlight;
    const maxInFlight = Math.min(this.#prefetch.maxInFlight, MAX_IN_FLIGHT);
    // The free slots, shared fairly.
    const depth = Math.ceil((wanted + this.#inFlight) / this.#connections.all.length);
    while (wanted > 0) {
      const request = this.#selector.next();
      if (request === undefined) break;
      // A connection gets more than one FETCH only if there are jobs for them.
      const mayQueue = this.#inFlight < maxInFlight;
      const connection = this.#connections.forFetch(request.isComplete, mayQueue ? depth : 1);
      if (connection === undefined) break;
      this.#fetch(connection, request);
      wanted--;
    }
    this.#connections.hasBacklog = maxInFlight > 0 && this.#inFlight <= maxInFlight;
    this.#connections.sendHeld();
  }

  /** Called when no FETCH may be sent now. Sends held results, which would wait for a FETCH. */
  pause(): void {
    this.#connections.hasBacklog = false;
    this.#connections.sendHeld();
  }

  /**
   * Stops fetching. Replies to FETCHes in flight are still awaited; FETCHes that wait for a
   * connection are cancelled.
   */
  close(): void {
    this.#isClosed = true;
    this.#connections.stop();
  }

  #fetch(connection: FetchConnection, request: FetchRequest): void {
    connection.inFlight++;
    if (!request.isComplete) connection.incomplete++;
    this.#inFlight++;
    this.#selector.sent(request);
    connection.connection.send(new Fetch(this, request, connection) as Request);
  }

  /** @internal Called when a FETCH was answered. */
  answered(fetch: Fetch, job: Job | undefined): void {
    const { connection, sentAt } = fetch;
    const now = this.#context.monotonic.now();
    // The server handles a FETCH only after it has answered the one before it.
    const tookMs = now - Math.max(sentAt, connection.answeredAt);
    connection.answeredAt = now;
    this.#end(fetch);
    this.hasAnswer = true;
    if (job === undefined) return this.#foundNothing(fetch, now);
    this.answeredAt = sentAt;
    this.#prefetch.fetched(tookMs);
    this.#connections.fetchedJob(connection);
    this.#runs.receive(job, sentAt);
    this.#context.advance();
    // While more jobs can be run than are being fetched, it is useful to know how many jobs wait.
    if (this.#runs.wanted > this.#inFlight) this.#prefetch.refresh(now, this.#fetchMore);
  }

  #foundNothing({ request, connection, sentAt }: Fetch, now: number): void {
    this.answeredAt = now;
    // A server waits for two seconds before it answers without a job. If it answers at once, the
    // connection pauses before the next FETCH.
    if (now - sentAt < WAITED_MS) this.#pauseConnection(connection, sentAt + WAITED_MS - now);
    this.#prefetch.foundNothing();
    this.#limits.foundNothing(request, this.#runs.size === 0);
    this.#context.advance();
  }

  /** @internal Called when a FETCH was lost with its connection, or refused. */
  refused(fetch: Fetch, error: unknown): void {
    const { connection } = fetch;
    this.lastError = error;
    this.#end(fetch);
    if (!(error instanceof ConnectionLostError) && !(error instanceof StateError)) {
      this.#context.events.emit("fetchError", { error });
      this.#pauseConnection(connection, PAUSE_MS);
    }
    this.#context.advance();
  }

  #end({ connection, request }: Fetch): void {
    connection.inFlight--;
    if (!request.isComplete) connection.incomplete--;
    this.#inFlight--;
    this.#selector.answered(request);
  }

  /** @internal */
  now(): number {
    return this.#context.monotonic.now();
  }

  /** @internal True if no FETCH may be sent any more. */
  get isOver(): boolean {
    return this.#context.phase !== "running";
  }

  #pauseConnection(connection: FetchConnection, ms: number): void {
    if (this.#isClosed || connection.cancelPause !== undefined) return;
    // A reply may come after the connection was replaced.
    if (!this.#connections.all.includes(connection)) return;
    connection.cancelPause = this.#context.monotonic.after(ms, () => {
      connection.cancelPause = undefined;
      this.fetchMore();
    });
  }
}

/** A FETCH in flight. */
class Fetch implements Request<Job | undefined> {
  readonly command: Command<Job | undefined>;
  readonly request: FetchRequest;
  readonly connection: FetchConnection;
  /** Time at which it was sent, by the monotonic clock. */
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

  /**
   * The time is taken now, because the FETCH may have waited for a connection longer than a
   * reservation lasts.
   */
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
