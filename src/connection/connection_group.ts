import type { Clock } from "../internal/clock.ts";
import type { ReconnectingConnection } from "./reconnecting_connection.ts";

/** A connection beyond the minimum is closed after this to twice this time without use, in ms. */
const IDLE_MS = 5000;

/** Time before another attempt after a connection could not be opened, in ms. */
const COOL_DOWN_MS = 10_000;

/** Settings of a {@linkcode ConnectionGroup}. */
export interface ConnectionGroupOptions {
  /** Creates a connection that is not open yet. */
  readonly make: () => ReconnectingConnection;
  /** Number of connections that are opened at the start and kept. */
  readonly min: number;
  /** Maximum number of connections. */
  readonly max: number;
  /** Must not be set back. */
  readonly clock: Clock;
  /** See `OpenOptions.isProven`. @default false */
  readonly isProven?: boolean;
  /** Called when a connection was added, or could not be opened. */
  grown(): void;
}

/**
 * A group of connections to one server that grows on request and shrinks when connections are not
 * used. Its owner decides when to grow and which connection a command is sent on.
 */
export class ConnectionGroup {
  readonly #options: ConnectionGroupOptions;
  #all: readonly ReconnectingConnection[];
  /** Connections that are closed after their last reply. */
  readonly #ending = new Set<ReconnectingConnection>();
  /** Connections that were used since the last check for idle ones. */
  readonly #used = new Set<ReconnectingConnection>();
  #opening: ReconnectingConnection | undefined;
  /** Time before which no connection is opened. */
  #noGrowthUntil = -Infinity;
  #isClosed = false;
  #cancelIdle: (() => void) | undefined;

  constructor(options: ConnectionGroupOptions) {
    this.#options = options;
    this.#all = Array.from({ length: options.min }, options.make);
  }

  /** The connections that take commands. A new array after each change. */
  get all(): readonly ReconnectingConnection[] {
    return this.#all;
  }

  /** True if at least one connection is open and the server replies on it. */
  get connected(): boolean {
    return this.#all.some((one) => one.connected);
  }

  /** Number of commands that wait for a connection or a reply. */
  get load(): number {
    return this.#withEnding().reduce((sum, one) => sum + one.load, 0);
  }

  /** True if another connection is being opened. */
  get isOpening(): boolean {
    return this.#opening !== undefined;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Opens the first connections. If one cannot be opened, closes all of them. */
  async open(signal?: AbortSignal): Promise<void> {
    const opened = await Promise.allSettled(this.#all.map((one) => one.open({ signal })));
    const failed = opened.find((result) => result.status === "rejected");
    if (failed === undefined) return;
    this.close();
    throw failed.reason;
  }

  /** Opens another connection, if the limits allow it. Returns true if one is being opened. */
  grow(): boolean {
    const { make, max, clock, isProven } = this.#options;
    if (this.#opening !== undefined) return true;
    if (this.#isClosed || this.#all.length >= max || clock.now() < this.#noGrowthUntil) {
      return false;
    }
    const one = this.#opening = make();
    one.open({ isProven }).catch(() => {}).then(() => {
      this.#opening = undefined;
      if (this.#isClosed) return one.close();
      if (one.connected) {
        this.#all = [...this.#all, one];
        this.#used.add(one);
        this.#watchIdle();
      } else {
        one.close();
        this.coolDown();
      }
      this.#options.grown();
    });
    return true;
  }

  /** Opens no connection for a while: the server has too many. */
  coolDown(): void {
    this.#noGrowthUntil = this.#options.clock.now() + COOL_DOWN_MS;
  }

  /** Marks a connection as used. */
  use(connection: ReconnectingConnection): void {
    if (this.#cancelIdle !== undefined) this.#used.add(connection);
  }

  /** Removes a connection that was lost. */
  remove(connection: ReconnectingConnection): void {
    this.#all = this.#all.filter((one) => one !== connection);
    this.#used.delete(connection);
  }

  /** Removes the connection that was opened last, if there may be fewer. */
  shrink(): void {
    if (this.#all.length > this.#options.min) this.#retire(this.#all.at(-1)!);
  }

  /** Resolves when no command waits for a connection or a reply. */
  async drained(): Promise<void> {
    // Commands may move to another connection meanwhile.
    while (this.load > 0) await Promise.all(this.#withEnding().map((one) => one.drained()));
  }

  /** Opens no more connections. */
  stop(): void {
    this.#isClosed = true;
    this.#cancelIdle?.();
    this.#opening?.close();
  }

  /** Closes the connections that are not connected at the moment. */
  closeLost(): void {
    for (const one of this.#withEnding()) if (!one.connected) one.close();
  }

  /** Sends END on all connections, and resolves when they are closed. */
  async end(): Promise<void> {
    this.stop();
    await Promise.all(this.#withEnding().map((one) => one.end()));
  }

  /** Closes all connections at once. */
  close(reason?: Error): void {
    this.stop();
    for (const one of this.#withEnding()) one.close(reason);
  }

  #withEnding(): ReconnectingConnection[] {
    return [...this.#all, ...this.#ending];
  }

  #watchIdle(): void {
    const { min, clock } = this.#options;
    if (this.#cancelIdle !== undefined || this.#all.length <= min) return;
    this.#cancelIdle = clock.after(IDLE_MS, () => {
      this.#cancelIdle = undefined;
      const idle = this.#all.filter((one) => !this.#used.has(one));
      this.#used.clear();
      const spare = this.#all.length - min;
      for (const one of idle.slice(Math.max(0, idle.length - spare))) this.#retire(one);
      this.#watchIdle();
    });
  }

  /** Closes a connection after its last reply. */
  #retire(connection: ReconnectingConnection): void {
    this.remove(connection);
    this.#ending.add(connection);
    void connection.drained().then(() => connection.end()).then(() =>
      this.#ending.delete(connection)
    );
  }
}
