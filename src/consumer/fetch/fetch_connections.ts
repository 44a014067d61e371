import { ConnectionGroup } from "../../connection/connection_group.ts";
import type { ReconnectingConnection } from "../../connection/reconnecting_connection.ts";
import type { Request } from "../../connection/request.ts";
import { Fifo } from "../../internal/fifo.ts";
import type { Clock } from "../../internal/clock.ts";

/**
 * Number of replies that arrived alone, while other FETCHes waited behind them, after which another
 * connection is opened.
 */
const GROW_AFTER = 64;

/** Number of held results that go to the connection for commands at once. */
const HELD_AT_ONCE = 16;

/** A connection for FETCHes, which may also carry results. */
export class FetchConnection {
  readonly connection: ReconnectingConnection;
  /** Number of FETCHes without a reply. */
  inFlight = 0;
  /**
   * Number of these FETCHes that leave out queues because of their limits. Such a FETCH may wait
   * although there is a backlog.
   */
  incomplete = 0;
  /** Time of the last reply to a FETCH, by the monotonic clock. */
  answeredAt = -Infinity;
  /** Value of the connection's `reads` at the last reply. */
  reads = 0;
  /** Cancels the connection's pause. */
  cancelPause: (() => void) | undefined;

  constructor(connection: ReconnectingConnection) {
    this.connection = connection;
  }
}

/** Returns true if the next write already has commands: one more then needs no extra write. */
function isFilling({ connection: { current } }: FetchConnection): boolean {
  return current !== undefined && current.writer.unsent > 0;
}

/** Settings of the connections. */
export interface FetchConnectionsOptions {
  /** Creates a connection that is not open yet. */
  readonly make: () => ReconnectingConnection;
  /** Maximum number of connections. */
  readonly max: number;
  readonly clock: Clock;
}

/**
 * The connections that carry FETCHes: one, and more while FETCHes wait for each other at the
 * server. Results may use them too, but never behind more than one FETCH: even if there is no
 * backlog after all, the server answers that FETCH within two seconds.
 */
export class FetchConnections {
  /** True if more jobs wait than FETCHes are in flight, so that no FETCH is expected to wait. */
  hasBacklog = false;
  readonly #group: ConnectionGroup;
  /** The members of the group at the last refresh. */
  #members: readonly ReconnectingConnection[] = [];
  #all: readonly FetchConnection[] = [];
  #waits = 0;
  /** Results that wait for the next FETCHes, and go in the same write. */
  readonly #held = new Fifo<Request>();
  /** The connection without FETCHes. */
  #commands: ReconnectingConnection | undefined;
  /** Called when a connection was added. */
  #onGrown: () => void = () => {};

  constructor(options: FetchConnectionsOptions) {
    this.#group = new ConnectionGroup({
      ...options,
      min: 1,
      isProven: true,
      grown: () => this.#onGrown(),
    });
  }

  /** Opens the first connection. */
  open(signal?: AbortSignal): Promise<void> {
    return this.#group.open(signal);
  }

  /** The connections that accept commands. */
  get all(): readonly FetchConnection[] {
    if (this.#members !== this.#group.all) this.#refresh();
    return this.#all;
  }

  /** True if at least one of them is connected. */
  get connected(): boolean {
    return this.#group.connected;
  }

  /** Sets the function to call when a connection was added. */
  onGrown(callback: () => void): void {
    this.#onGrown = callback;
  }

  /**
   * Returns the connection for a FETCH; `undefined` if the FETCH has to wait. Up to `depth` FETCHes
   * may be in flight on one connection.
   *
   * If there are several connections, a connection gets FETCHes when at most one is in flight on
   * it, and then its full share. They go in one write, behind the results that waited for it.
   * Therefore at most one FETCH is ahead of a result.
   *
   * A FETCH that leaves out queues because of their limits may wait for two seconds, which is too
   * long for a queue whose limit has room again. Such a FETCH is therefore alone on its connection,
   * and never on the first connection.
   */
  forFetch(isComplete: boolean, depth: number): FetchConnection | undefined {
    const { all } = this;
    if (!isComplete && all.length === 1 && this.#group.grow()) return undefined;
    const maxInFlight = isComplete ? depth : 1;
    let least: FetchConnection | undefined;
    for (let i = isComplete || all.length === 1 ? 0 : 1; i < all.length; i++) {
      const one = all[i]!;
      if (one.incomplete > 0 || one.cancelPause !== undefined || one.inFlight >= maxInFlight) {
        continue;
      }
      if (one.inFlight > 1 && isFilling(one)) return one;
      if (one.inFlight > 1 && all.length > 1) continue;
      if (least === undefined || one.inFlight < least.inFlight) least = one;
    }
    if (least !== undefined && least.inFlight <= 1 && least.connection.connected) {
      this.#sendHeld(least.connection, maxInFlight);
    }
    return least;
  }

  /**
   * Sends a result. While there is a backlog and several connections, the result goes with the next
   * FETCHes. Otherwise it goes to `commands`, the connection without FETCHes, or to an idle
   * connection if that one is not connected.
   */
  sendResult(request: Request, commands: ReconnectingConnection): void {
    this.#commands = commands;
    if (this.#mayHold && this.all.length > 1) return this.#held.push(request);
    const isIdle = ({ inFlight, connection }: FetchConnection) =>
      inFlight === 0 && connection.connected;
    const idle = commands.connected ? undefined : this.all.find(isIdle);
    (idle?.connection ?? commands).send(request);
  }

  /**
   * Sends results that still wait for a FETCH: all of them if there is no backlog, otherwise some
   * if the connection for commands is idle. If the connection for commands is not connected,
   * another connection sends them.
   */
  sendHeld(): void {
    if (this.#held.length === 0) return;
    const commands = this.#commands!;
    if (!this.#mayHold) {
      for (const request of this.#held.drain()) this.sendResult(request, commands);
      return;
    }
    const isFree = ({ inFlight, incomplete, connection }: FetchConnection) =>
      inFlight <= 1 && incomplete === 0 && connection.connected;
    const free = commands.connected ? commands : this.all.find(isFree)?.connection;
    if (free !== undefined && (free !== commands || free.load === 0)) {
      this.#sendHeld(free, HELD_AT_ONCE);
    }
  }

  /** True if later FETCHes can share a write with held results. Always false after a stop. */
  get #mayHold(): boolean {
    return this.hasBacklog && !this.#group.isClosed && this.connected;
  }

  #sendHeld(connection: ReconnectingConnection, maxInFlight: number): void {
    for (let left = maxInFlight; left > 0; left--) {
      const request = this.#held.shift();
      if (request === undefined) return;
      connection.send(request);
    }
  }

  /**
   * Called when a FETCH on `one` brought a job. Opens another connection if FETCHes wait for each
   * other at the server.
   */
  fetchedJob(one: FetchConnection): void {
    const { reads } = one.connection;
    // A reply that arrives in the same read as another has waited for this program, not for the
    // server.
    const isAlone = reads !== one.reads;
    one.reads = reads;
    this.#group.use(one.connection);
    if (one.inFlight === 0) return;
    this.#waits = isAlone ? this.#waits + 1 : Math.max(0, this.#waits - 1);
    if (this.#waits < GROW_AFTER) return;
    this.#waits = 0;
    this.#group.grow();
  }

  /**
   * Stops opening connections, and closes those that are not connected. Nothing more is fetched.
   */
  stop(): void {
    this.hasBacklog = false;
    this.#group.stop();
    this.sendHeld();
    for (const one of this.all) one.cancelPause?.();
    this.#group.closeLost();
  }

  /** Closes all connections with END. */
  async end(): Promise<void> {
    this.stop();
    await this.#group.end();
  }

  /** Closes all connections at once. */
  close(reason?: Error): void {
    this.stop();
    this.#group.close(reason);
  }

  /** Takes over the members of the group. Those that have left get no more FETCHes. */
  #refresh(): void {
    const left = new Map(this.#all.map((one) => [one.connection, one]));
    this.#members = this.#group.all;
    this.#all = this.#members.map((connection) => {
      const one = left.get(connection) ?? new FetchConnection(connection);
      left.delete(connection);
      return one;
    });
    for (const one of left.values()) one.cancelPause?.();
  }
}
