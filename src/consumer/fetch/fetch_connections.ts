import type { ReconnectingConnection } from "../../connection/reconnecting_connection.ts";
import type { Request } from "../../connection/request.ts";
import type { Clock } from "../../internal/clock.ts";

/**
 * Replies, each of which came alone while other FETCHes waited behind it, after which one more
 * connection is opened.
 */
const GROW_AFTER = 64;

/** A connection that brought no job for this long is closed, in ms, unless it is the only one. */
const IDLE_MS = 10_000;

/** A connection that carries FETCHes, and results beside them. */
export class FetchConnection {
  readonly connection: ReconnectingConnection;
  /** FETCHes that have no reply yet. */
  inFlight = 0;
  /**
   * Those of them that leave out queues for their limits: they may wait while there is a backlog.
   */
  partial = 0;
  /** When the last FETCH was answered, by the monotonic clock. */
  answeredAt = -Infinity;
  /** The connection's `reads` at the last reply. */
  reads = 0;
  /** Whether a FETCH brought a job since idle connections were last looked for. */
  isUsed = true;
  /** Ends its rest. */
  cancelRest: (() => void) | undefined;

  constructor(connection: ReconnectingConnection) {
    this.connection = connection;
  }
}

/** How a group of connections is made. */
export interface FetchConnectionsOptions {
  /** Makes one connection, which still has to be opened. */
  readonly make: () => ReconnectingConnection;
  /** Connections at most. */
  readonly max: number;
  readonly clock: Clock;
}

/**
 * The connections that carry FETCHes: one, and more while FETCHes wait for each other at the
 * server. A result may go with them, but stands behind one FETCH at most: the server answers that
 * within two seconds, even if the belief that there is a backlog was wrong.
 */
export class FetchConnections {
  /** Whether more jobs wait than FETCHes are in flight, so that no FETCH is expected to wait. */
  hasBacklog = false;
  readonly #options: FetchConnectionsOptions;
  #all: readonly FetchConnection[];
  /** Those that get no more commands, and are closed when all are answered. */
  readonly #retired = new Set<FetchConnection>();
  /** The connection that is being opened. */
  #next: ReconnectingConnection | undefined;
  /** No more are opened until idle ones are looked for: the last one could not be. */
  #isFull = false;
  #isClosed = false;
  #waits = 0;
  #cancelTimer: (() => void) | undefined;
  /** Called when there is one more connection. */
  #onGrown: () => void = () => {};

  constructor(options: FetchConnectionsOptions) {
    this.#options = options;
    this.#all = [new FetchConnection(options.make())];
  }

  /** Opens the first connection. */
  async open(signal?: AbortSignal): Promise<void> {
    await this.#all[0]!.connection.open({ signal });
  }

  /** The connections that take commands. */
  get all(): readonly FetchConnection[] {
    return this.#all;
  }

  /** Whether one of them has a connection at this moment. */
  get connected(): boolean {
    return this.#all.some(({ connection }) => connection.connected);
  }

  /** Sets what is called when there is one more connection. */
  onGrown(callback: () => void): void {
    this.#onGrown = callback;
  }

  /**
   * The connection for a FETCH; `undefined` if the FETCH has to wait. If it `mayQueue`, it may
   * stand behind others. Half of the connections have one FETCH at most, so that there is always a
   * place for results.
   *
   * A FETCH that leaves out queues for their limits may wait for two seconds, and a queue whose
   * limit has room again must not wait that long. So such FETCHes go one to a connection, and never
   * on the first one.
   */
  forFetch(isWhole: boolean, mayQueue: boolean): FetchConnection | undefined {
    const all = this.#all;
    if (!isWhole && all.length === 1 && this.#grow()) return undefined;
    const deep = mayQueue && isWhole ? Math.ceil(all.length / 2) : 0;
    let least: FetchConnection | undefined;
    for (let i = isWhole || all.length === 1 ? 0 : 1; i < all.length; i++) {
      const one = all[i]!;
      if (one.partial > 0 || one.cancelRest !== undefined) continue;
      if (one.inFlight > 0 && i >= deep) continue;
      if (least === undefined || one.inFlight < least.inFlight) least = one;
    }
    return least;
  }

  /**
   * Sends a result. While there is a backlog it goes on the least busy connection with one
   * unanswered FETCH at most; else on `commands`, a connection without FETCHes, unless that one is
   * lost.
   */
  sendResult(request: Request, commands: ReconnectingConnection): void {
    if (!this.hasBacklog && commands.connected) return commands.send(request);
    const most = this.hasBacklog ? 1 : 0;
    let least = commands;
    let load = commands.connected ? commands.load : Infinity;
    for (const { connection, inFlight, partial } of this.#all) {
      if (inFlight > most || partial > 0 || !connection.connected) continue;
      if (connection.load >= load) continue;
      least = connection;
      load = connection.load;
    }
    least.send(request);
  }

  /**
   * A FETCH on `one` brought a job. Opens one more connection if FETCHes wait for each other at the
   * server.
   */
  brought(one: FetchConnection): void {
    const { reads } = one.connection;
    // Replies that come in the same read as another have waited for this program, not for the
    // server.
    const isAlone = reads !== one.reads;
    one.reads = reads;
    one.isUsed = true;
    if (one.inFlight === 0) return;
    this.#waits = isAlone ? this.#waits + 1 : Math.max(0, this.#waits - 1);
    if (this.#waits < GROW_AFTER) return;
    this.#waits = 0;
    this.#grow();
  }

  /** Opens no more connections, and gives up those that have none: nothing more is fetched. */
  stop(): void {
    this.#isClosed = true;
    this.hasBacklog = false;
    this.#cancelTimer?.();
    this.#next?.close();
    for (const { connection, cancelRest } of this.#everyOne()) {
      cancelRest?.();
      if (!connection.connected) connection.close();
    }
  }

  /** Says goodbye on all of them. */
  async end(): Promise<void> {
    this.stop();
    await Promise.all(this.#everyOne().map(({ connection }) => connection.end()));
  }

  /** Ends all of them at once. */
  close(reason?: Error): void {
    this.stop();
    for (const { connection } of this.#everyOne()) connection.close(reason);
  }

  #everyOne(): readonly FetchConnection[] {
    return [...this.#all, ...this.#retired];
  }

  /** Opens one more connection, if there may be one. Returns whether one is being opened. */
  #grow(): boolean {
    if (this.#next !== undefined) return true;
    if (this.#isClosed || this.#isFull || this.#all.length >= this.#options.max) return false;
    const next = this.#next = this.#options.make();
    next.open({ isProven: true }).then(() => {
      this.#next = undefined;
      if (this.#isClosed) return next.close();
      this.#all = [...this.#all, new FetchConnection(next)];
      this.#onGrown();
    }, () => {
      this.#next = undefined;
      this.#isFull = true;
      next.close();
      this.#onGrown();
    }).finally(() => this.#watch());
    return true;
  }

  #watch(): void {
    if (this.#isClosed) return;
    this.#cancelTimer ??= this.#options.clock.after(IDLE_MS, () => {
      this.#cancelTimer = undefined;
      this.#isFull = false;
      this.#retireIdle();
      if (this.#all.length > 1) this.#watch();
    });
  }

  #retireIdle(): void {
    const [first, ...others] = this.#all;
    const kept = others.filter((one) => one.isUsed);
    for (const one of others) {
      if (!one.isUsed) this.#retire(one);
      one.isUsed = false;
    }
    this.#all = [first!, ...kept];
  }

  #retire(one: FetchConnection): void {
    const { connection } = one;
    this.#retired.add(one);
    void connection.drained().then(() => connection.end()).then(() => this.#retired.delete(one));
  }
}
