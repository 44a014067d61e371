import { atEndOfTurn } from "../internal/host_timers.ts";
import type { Clock } from "../internal/clock.ts";
import type { Connection } from "./connection.ts";
import { Growth, LEAST_WEIGHT, REST_MS, TICK_MS } from "./growth.ts";
import type { ReconnectingConnection } from "./reconnecting_connection.ts";
import type { Request } from "./request.ts";

/** How many connections a pool has. */
export interface PoolSize {
  /** Connections that are opened at first, and kept. */
  readonly min: number;
  /** Most connections. Those beyond `min` are opened while the pool waits for the server. */
  readonly max: number;
}

/** Commands that are gathered, and made when a connection can take them. */
export interface RequestSource {
  /** Weight of everything that is gathered; see {@linkcode Request.weight}. */
  readonly weight: number;
  /** Makes a request of up to `weight`; `undefined` if nothing is left. */
  take(weight: number): Request | undefined;
}

/** What the connections of a pool call. */
export interface PoolHooks {
  /** Commands that were held back can be sent. */
  ready(): void;
  /** A connection was lost: the others take its waiting requests, if this returns `true`. */
  handOver(error: Error, take: () => Request[]): boolean;
}

/**
 * A connection beyond `min` that was not used for this long is closed, in ms: up to twice as long.
 */
const IDLE_MS = 5000;

/**
 * Weight (jobs) of a part that is worth a command of its own if much is in flight. Without it, a
 * stream sends as many jobs as each reply has made room for: parts only get smaller, down to five
 * jobs.
 */
const PART_WEIGHT = 64;

/** If a connection cannot be opened, the pool waits this long before it tries again, in ms. */
const COOL_DOWN_MS = 10_000;

/**
 * Connections to one server. A command goes to the connection that has the least to do.
 *
 * The pool keeps `min` connections. It opens more, up to `max`, while it waits for the server on
 * all of them, and closes those without work. If one is lost while others work, they take over its
 * commands; the last one reconnects.
 */
export class ConnectionPool {
  readonly #size: PoolSize;
  readonly #make: () => ReconnectingConnection;
  readonly #clock: Clock;
  readonly #growth = new Growth();
  readonly #all: ReconnectingConnection[];
  /** Connections that were used since idle ones were last looked for. */
  readonly #used = new Set<ReconnectingConnection>();
  /** Connections that are closed once their commands are answered. */
  readonly #ending = new Set<ReconnectingConnection>();
  #opening: ReconnectingConnection | undefined;
  #source: RequestSource | undefined;
  /** Connections that call back when they have nothing to do. */
  readonly #awaited = new WeakSet<Connection>();
  #isServing = false;
  #isClosed = false;
  #cancelTick: (() => void) | undefined;
  #cancelIdle: (() => void) | undefined;
  /** Time before which no connection is opened. */
  #growsFrom = -Infinity;

  /** `clock` must not be set back. */
  constructor(
    make: (hooks: PoolHooks) => ReconnectingConnection,
    size: PoolSize,
    clock: Clock,
  ) {
    this.#size = size;
    this.#clock = clock;
    const ready = () => this.#serve();
    this.#make = () => {
      const one: ReconnectingConnection = make({
        ready,
        handOver: (error, take) => this.#handOver(one, error, take),
      });
      return one;
    };
    this.#all = Array.from({ length: size.min }, this.#make);
  }

  /** All connections, those that reconnect at the moment included. */
  get all(): readonly ReconnectingConnection[] {
    return this.#all;
  }

  /** Most connections that it may have. */
  get max(): number {
    return this.#size.max;
  }

  /** Opens the first connections. If one cannot be opened, none is. */
  async open(signal?: AbortSignal): Promise<void> {
    const opened = await Promise.allSettled(this.#all.map((one) => one.open({ signal })));
    const failed = opened.find((result) => result.status === "rejected");
    if (failed === undefined) return;
    this.close();
    throw failed.reason;
  }

  /** At least one connection is open, and the server answers on it. */
  get connected(): boolean {
    return this.#all.some((one) => one.connected);
  }

  /** Commands that wait for a connection or a reply. */
  get load(): number {
    return [...this.#all, ...this.#ending].reduce((sum, one) => sum + one.load, 0);
  }

  /** Sends a command on the connection that has the least to do. */
  send(request: Request): void {
    this.#sendOn(leastOf(this.#all), request);
    this.#watchTicks();
  }

  /** Sends what `source` has gathered, as soon as connections can take it. */
  offer(source: RequestSource): void {
    this.#source = source;
    this.#serve();
  }

  /** Sends all that `source` has gathered, before any later command. */
  sendAll(source: RequestSource): void {
    for (let request; (request = source.take(Infinity)) !== undefined;) this.send(request);
  }

  /** Resolves when no command waits for a connection or a reply. */
  async drained(): Promise<void> {
    // Commands may move to another connection meanwhile.
    while (this.load > 0) {
      await Promise.all([...this.#all, ...this.#ending].map((one) => one.drained()));
    }
  }

  /** Sends END on all connections, and resolves when they are closed. */
  async end(): Promise<void> {
    this.#stop();
    await Promise.all([...this.#all, ...this.#ending].map((one) => one.end()));
  }

  /** Closes all connections at once. */
  close(reason?: Error): void {
    this.#stop();
    for (const one of [...this.#all, ...this.#ending]) one.close(reason);
  }

  /** Replaces every connection. */
  renew(reason: Error): void {
    for (const one of this.#all) one.renew(reason);
  }

  #stop(): void {
    this.#isClosed = true;
    this.#cancelTick?.();
    this.#cancelIdle?.();
    this.#opening?.close();
  }

  #sendOn(connection: ReconnectingConnection, request: Request): void {
    if (this.#cancelIdle !== undefined) this.#used.add(connection);
    connection.send(request);
  }

  #serve(): void {
    const source = this.#source;
    if (source === undefined || this.#isServing) return;
    this.#isServing = true;
    while (source.weight > 0 && this.#serveNext(source));
    this.#isServing = false;
    if (source.weight === 0) this.#source = undefined;
    this.#watchTicks();
  }

  /** Sends a part of what is offered. Returns `false` if no connection can take any now. */
  #serveNext(source: RequestSource): boolean {
    const connected = this.#all.filter((one) => one.connected);
    const ready = connected.filter(({ current }) => !current!.writer.writing);
    if (ready.length === 0 && connected.length > 0) return false;
    const least = leastPart(connected, source.weight);
    if (source.weight < least && this.#awaitIdle(connected)) return false;
    const idle = ready.filter(({ current }) => isIdle(current!));
    const parts = Math.min(idle.length, Math.floor(source.weight / Math.max(least, LEAST_WEIGHT)));
    const request = source.take(parts > 1 ? Math.ceil(source.weight / parts) : Infinity);
    if (request === undefined) return true;
    const connection = idle[0] ?? leastOf(ready.length > 0 ? ready : this.#all);
    this.#sendOn(connection, request);
    connection.current?.writer.flush();
    return true;
  }

  /**
   * Serves again when one of the connections has no more to do. Returns `false` if none has
   * anything.
   */
  #awaitIdle(connections: readonly ReconnectingConnection[]): boolean {
    const busy = connections.map((one) => one.current!).filter(({ load }) => load > 0);
    for (const one of busy) {
      if (this.#awaited.has(one)) continue;
      this.#awaited.add(one);
      one.onceIdle(() => {
        this.#awaited.delete(one);
        // Its replies make room for more jobs, which come within the turn.
        atEndOfTurn(() => this.#serve());
      });
    }
    return busy.length > 0;
  }

  #handOver(lost: ReconnectingConnection, error: Error, take: () => Request[]): boolean {
    if ((error as { code?: unknown }).code === "TOO_MANY_CONNECTIONS") this.#coolDown();
    const { min, max } = this.#size;
    const others = this.#all.filter((one) => one !== lost);
    if (min === max || others.length < min || !others.some((one) => one.connected)) return false;
    this.#remove(lost);
    for (const request of take()) this.send(request);
    return true;
  }

  #remove(connection: ReconnectingConnection): void {
    const index = this.#all.indexOf(connection);
    if (index >= 0) this.#all.splice(index, 1);
    this.#used.delete(connection);
  }

  /** Weight enough is in flight or gathered for one connection more, or for all there may be. */
  get #isBusy(): boolean {
    let weight = this.#source?.weight ?? 0;
    for (const { current } of this.#all) weight += current?.weight ?? 0;
    return weight >= LEAST_WEIGHT * Math.min(this.#all.length + 1, this.#size.max);
  }

  #watchTicks(): void {
    const { min, max } = this.#size;
    if (min === max || this.#cancelTick !== undefined) return;
    if (this.#isClosed || this.#opening !== undefined || !this.#isBusy) return;
    this.#cancelTick = this.#clock.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    this.#cancelTick = undefined;
    if (!this.#isBusy || !this.#all.every((one) => one.connected)) return this.#growth.reset();
    const wanted = this.#growth.tick(this.#all.map(({ current }) => current!));
    const { length } = this.#all;
    if (wanted === "fewer" && length > this.#size.min) this.#retire(this.#all[length - 1]!);
    if (wanted === "more" && length < this.#size.max && this.#clock.now() >= this.#growsFrom) {
      this.#grow();
    }
    if (this.#growth.isCalm) this.#rest();
    else this.#watchTicks();
  }

  /** Skips some ticks. */
  #rest(): void {
    this.#growth.reset();
    this.#cancelTick = this.#clock.after(REST_MS, () => {
      this.#cancelTick = undefined;
      this.#watchTicks();
    });
  }

  #grow(): void {
    const one = this.#make();
    this.#opening = one;
    one.open().catch(() => {}).then(() => {
      this.#opening = undefined;
      if (this.#isClosed) return;
      if (!one.connected) {
        one.close();
        return this.#coolDown();
      }
      this.#all.push(one);
      this.#used.add(one);
      this.#watchIdle();
      this.#serve();
      this.#watchTicks();
    });
  }

  #coolDown(): void {
    this.#growsFrom = this.#clock.now() + COOL_DOWN_MS;
  }

  #watchIdle(): void {
    if (this.#cancelIdle !== undefined || this.#all.length <= this.#size.min) return;
    this.#cancelIdle = this.#clock.after(IDLE_MS, () => {
      this.#cancelIdle = undefined;
      this.#closeIdle();
      this.#watchIdle();
    });
  }

  #closeIdle(): void {
    const idle = this.#all.filter((one) => one.load === 0 && !this.#used.has(one));
    this.#used.clear();
    for (const one of idle.slice(-(this.#all.length - this.#size.min))) this.#retire(one);
  }

  /** Closes a connection once its commands are answered. */
  #retire(connection: ReconnectingConnection): void {
    this.#remove(connection);
    this.#ending.add(connection);
    void connection.drained().then(() => connection.end()).then(() =>
      this.#ending.delete(connection)
    );
  }
}

/**
 * Weight from which on what is gathered is sent while connections work; less waits for more: half
 * of what a connection has if everything is shared fairly.
 */
function leastPart(connections: readonly ReconnectingConnection[], gathered: number): number {
  // Behind one another on one connection, parts of any size are as good.
  if (connections.length < 2) return 1;
  const all = connections.reduce((sum, { current }) => sum + current!.weight, gathered);
  const fair = Math.ceil(all / connections.length / 2);
  // A few callers: none of them waits for the others.
  return fair < PART_WEIGHT / 4 ? 1 : Math.min(PART_WEIGHT, fair);
}

function isIdle({ load, writer }: Connection): boolean {
  return load === 0 && !writer.writing;
}

/** The connection that has the least to do; an open one before one that reconnects. */
function leastOf(connections: readonly ReconnectingConnection[]): ReconnectingConnection {
  return connections.reduce((least, one) => {
    if (one.connected !== least.connected) return one.connected ? one : least;
    return weightOf(one) < weightOf(least) ? one : least;
  });
}

function weightOf({ current, load }: ReconnectingConnection): number {
  return current === undefined ? load : current.weight;
}
