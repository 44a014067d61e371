import { atEndOfTurn } from "../internal/host_timers.ts";
import type { Clock } from "../internal/clock.ts";
import type { Connection } from "./connection.ts";
import { Growth, MIN_WEIGHT, REST_MS, TICK_MS } from "./growth.ts";
import { ConnectionGroup } from "./connection_group.ts";
import type { ReconnectingConnection } from "./reconnecting_connection.ts";
import type { Request } from "./request.ts";

/** The number of connections of a pool. */
export interface PoolSize {
  /** Number of connections that are opened at the start, and kept. */
  readonly min: number;
  /**
   * Maximum number of connections. Those beyond `min` are opened while the pool waits for the
   * server.
   */
  readonly max: number;
}

/** A source of commands, which are created when a connection can take them. */
export interface RequestSource {
  /** Weight of all waiting commands; see {@linkcode Request.weight}. */
  readonly weight: number;
  /** Creates a request of up to `weight`; `undefined` if nothing is left. */
  take(weight: number): Request | undefined;
}

/** Callbacks of the connections of a pool. */
export interface PoolCallbacks {
  /** Called when commands that were held back can be sent. */
  ready(): void;
  /**
   * Called when a connection was lost. If this returns `true`, other connections take its requests.
   */
  handOver(error: Error, take: () => Request[]): boolean;
}

/**
 * Weight (number of jobs) for which a separate command is sent while much is in flight. Without
 * this minimum, a stream sends as many jobs as each reply makes room for, and the commands shrink
 * to five jobs each.
 */
const PART_WEIGHT = 64;

/**
 * A pool of connections to one server. A command goes to the connection with the least to do.
 *
 * The pool keeps `min` connections. It opens more, up to `max`, while it waits for the server on
 * all of them, and closes those without work. If a connection is lost while others work, they take
 * over its commands. The last connection reconnects.
 */
export class ConnectionPool {
  readonly #size: PoolSize;
  readonly #group: ConnectionGroup;
  readonly #clock: Clock;
  readonly #growth = new Growth();
  #source: RequestSource | undefined;
  /** Connections with a pending callback for when they are idle. */
  readonly #awaited = new WeakSet<Connection>();
  #isServing = false;
  #wanted = 1;
  #cancelTick: (() => void) | undefined;

  /** `clock` must not be set back. */
  constructor(
    make: (hooks: PoolCallbacks) => ReconnectingConnection,
    size: PoolSize,
    clock: Clock,
  ) {
    this.#size = size;
    this.#clock = clock;
    const ready = () => this.#serve();
    const grown = () => {
      this.#serve();
      this.#watchTicks();
    };
    const makeOne = () => {
      const one: ReconnectingConnection = make({
        ready,
        handOver: (error, take) => this.#handOver(one, error, take),
      });
      return one;
    };
    this.#group = new ConnectionGroup({ make: makeOne, ...size, clock, grown });
  }

  /** All connections, including those that are reconnecting. */
  get all(): readonly ReconnectingConnection[] {
    return this.#all;
  }

  /** Maximum number of connections. */
  get max(): number {
    return this.#size.max;
  }

  /** Opens the first connections. If one cannot be opened, closes all of them. */
  open(signal?: AbortSignal): Promise<void> {
    return this.#group.open(signal);
  }

  /** True if at least one connection is open and the server replies on it. */
  get connected(): boolean {
    return this.#group.connected;
  }

  /** Number of commands that wait for a connection or a reply. */
  get load(): number {
    return this.#group.load;
  }

  /** Sends a command on the connection with the least to do. */
  send(request: Request): void {
    this.#sendOn(leastBusy(this.#all), request);
    this.#watchTicks();
  }

  /**
   * Weight from which a source should be offered. The pool takes the rest of an offered source as
   * soon as connections have room.
   */
  get wanted(): number {
    return this.#wanted;
  }

  /** Sends the commands of `source` as soon as connections can take them. */
  offer(source: RequestSource): void {
    this.#source = source;
    this.#serve();
  }

  /** Sends all commands of `source`, before any later command. */
  sendAll(source: RequestSource): void {
    for (let request; (request = source.take(Infinity)) !== undefined;) this.send(request);
  }

  /** Resolves when no command waits for a connection or a reply. */
  drained(): Promise<void> {
    return this.#group.drained();
  }

  /** Sends END on all connections, and resolves when they are closed. */
  end(): Promise<void> {
    this.#cancelTick?.();
    return this.#group.end();
  }

  /** Closes all connections at once. */
  close(reason?: Error): void {
    this.#cancelTick?.();
    this.#group.close(reason);
  }

  /** Replaces all connections. */
  renew(reason: Error): void {
    for (const one of this.#all) one.renew(reason);
  }

  get #all(): readonly ReconnectingConnection[] {
    return this.#group.all;
  }

  #sendOn(connection: ReconnectingConnection, request: Request): void {
    this.#group.use(connection);
    connection.send(request);
  }

  #serve(): void {
    const source = this.#source;
    if (source === undefined || this.#isServing) return;
    this.#isServing = true;
    this.#wanted = 1;
    while (source.weight > 0 && this.#serveNext(source));
    this.#isServing = false;
    if (source.weight === 0) this.#source = undefined;
    this.#watchTicks();
  }

  /** Sends a part of the offered commands. Returns true if a connection took them. */
  #serveNext(source: RequestSource): boolean {
    const connected = this.#all.filter((one) => one.connected);
    const ready = connected.filter(({ current }) => !current!.writer.isWriting);
    if (ready.length === 0 && connected.length > 0) return this.#refuse(Infinity);
    const connection = leastBusy(ready.length > 0 ? ready : this.#all);
    const { room, minPart } = shareOf(connection, connected, source.weight);
    if (Math.min(source.weight, room) < minPart && this.#awaitIdle(connected)) {
      // On a single connection, jobs gather until all replies have arrived.
      const isShared = connected.length > 1;
      return this.#refuse(isShared && source.weight < minPart ? minPart : Infinity);
    }
    const idle = ready.filter(({ current }) => isIdle(current!)).length;
    const parts = Math.min(idle, Math.floor(source.weight / Math.max(minPart, MIN_WEIGHT)));
    const part = Math.min(room, Math.ceil(source.weight / Math.max(parts, 1)));
    // A rest that is too small for a command is sent with this part.
    const request = source.take(source.weight - part < minPart ? Infinity : part);
    if (request === undefined) return true;
    this.#sendOn(connection, request);
    connection.current?.writer.flush();
    return true;
  }

  #refuse(wanted: number): false {
    this.#wanted = wanted;
    return false;
  }

  /** Returns true if a connection is busy, and sends more when one becomes idle. */
  #awaitIdle(connections: readonly ReconnectingConnection[]): boolean {
    const busy = connections.map((one) => one.current!).filter(({ load }) => load > 0);
    for (const one of busy) {
      if (this.#awaited.has(one)) continue;
      this.#awaited.add(one);
      one.onceIdle(() => {
        this.#awaited.delete(one);
        // The replies make room for more jobs, which are added within this turn.
        atEndOfTurn(() => this.#serve());
      });
    }
    return busy.length > 0;
  }

  #handOver(lost: ReconnectingConnection, error: Error, take: () => Request[]): boolean {
    if ((error as { code?: unknown }).code === "TOO_MANY_CONNECTIONS") this.#group.coolDown();
    const { min, max } = this.#size;
    const others = this.#all.filter((one) => one !== lost);
    if (min === max || others.length < min || !others.some((one) => one.connected)) return false;
    this.#group.remove(lost);
    for (const request of take()) this.send(request);
    return true;
  }

  /**
   * True if the weight in flight and waiting is enough for one more connection, or for the maximum.
   */
  get #isBusy(): boolean {
    let weight = this.#source?.weight ?? 0;
    for (const { current } of this.#all) weight += current?.weight ?? 0;
    return weight >= MIN_WEIGHT * Math.min(this.#all.length + 1, this.#size.max);
  }

  #watchTicks(): void {
    const { min, max } = this.#size;
    if (min === max || this.#cancelTick !== undefined) return;
    if (this.#group.isClosed || this.#group.isOpening || !this.#isBusy) return;
    this.#cancelTick = this.#clock.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    this.#cancelTick = undefined;
    if (!this.#isBusy || !this.#all.every((one) => one.connected)) return this.#growth.reset();
    const wanted = this.#growth.tick(this.#all.map(({ current }) => current!));
    if (wanted === "fewer") this.#group.shrink();
    if (wanted === "more") this.#group.grow();
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
}

/**
 * Returns the weight that `connection` may get so that it has its fair share (`room`), and the
 * weight from which a command is sent while connections are busy: half of a fair share (`minPart`).
 */
function shareOf(
  connection: ReconnectingConnection,
  connected: readonly ReconnectingConnection[],
  gathered: number,
): { room: number; minPart: number } {
  if (connected.length === 0) return { room: Infinity, minPart: 1 };
  const all = connected.reduce((sum, { current }) => sum + current!.weight, gathered);
  const share = all / connected.length;
  const room = Math.ceil(share) - weightOf(connection);
  const halfShare = Math.ceil(share / 2);
  // With few callers, none should wait for the others. On a single connection they would all wait.
  const minimum = connected.length < 2 ? PART_WEIGHT : PART_WEIGHT / 4;
  return { room, minPart: halfShare < minimum ? 1 : Math.min(PART_WEIGHT, halfShare) };
}

function isIdle({ load, writer }: Connection): boolean {
  return load === 0 && !writer.isWriting;
}

/** Returns the connection with the least to do. Open connections come first. */
function leastBusy(connections: readonly ReconnectingConnection[]): ReconnectingConnection {
  return connections.reduce((least, one) => {
    if (one.connected !== least.connected) return one.connected ? one : least;
    return weightOf(one) < weightOf(least) ? one : least;
  });
}

function weightOf({ current, load }: ReconnectingConnection): number {
  return current === undefined ? load : current.weight;
}
