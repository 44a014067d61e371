import type { ReconnectingConnection } from "./reconnecting_connection.ts";
import type { Request } from "./request.ts";

/** Weight of one turn's commands on one connection: enough to save most writes, few enough to keep all connections busy. */
const MAX_STREAK = 64;

/** A few connections to the same server, used in turn by how much each has to do. */
export class ConnectionPool {
  readonly all: readonly ReconnectingConnection[];

  /** The connection that the last command went to, and the weight of those that went there in a row. */
  #current: ReconnectingConnection | undefined;
  #streak = 0;

  constructor(connections: readonly ReconnectingConnection[]) {
    this.all = connections;
  }

  /** Opens all of them; where one cannot be opened, none is. */
  async open(signal?: AbortSignal): Promise<void> {
    const opened = await Promise.allSettled(this.all.map((connection) => connection.open(signal)));
    const failed = opened.find((result) => result.status === "rejected");
    if (failed === undefined) return;
    this.close();
    throw failed.reason;
  }

  /** Whether one of them has a connection at this moment. */
  get connected(): boolean {
    return this.all.some((connection) => connection.connected);
  }

  /** Commands that wait for a connection or for their reply. */
  get load(): number {
    return this.all.reduce((sum, connection) => sum + connection.load, 0);
  }

  /** The connection with the least to do, one with a connection before one without. */
  get least(): ReconnectingConnection {
    let least = this.all[0]!;
    for (let i = 1; i < this.all.length; i++) {
      const connection = this.all[i]!;
      if (
        connection.connected === least.connected
          ? connection.load < least.load
          : connection.connected
      ) {
        least = connection;
      }
    }
    return least;
  }

  /**
   * Sends a command on the connection with the least to do. What is sent in one turn of the event loop keeps to one connection, up to a
   * point: a write costs more than all else that is done for a command, and spread over the connections each would have its own.
   */
  send(request: Request): void {
    let connection = this.#current;
    this.#streak += request.weight ?? 1;
    if (connection === undefined || !connection.isFilling || this.#streak > MAX_STREAK) {
      connection = this.#current = this.least;
      this.#streak = 0;
    }
    connection.send(request);
  }

  /** Writes what was sent last now, and not at the end of the turn. */
  flush(): void {
    this.#current?.flush();
  }

  /** Resolves once nothing waits for a connection or a reply. */
  async drained(): Promise<void> {
    await Promise.all(this.all.map((connection) => connection.drained()));
  }

  /** Says goodbye on all of them. */
  async end(): Promise<void> {
    await Promise.all(this.all.map((connection) => connection.end()));
  }

  /** Ends all of them at once. */
  close(reason?: Error): void {
    for (const connection of this.all) connection.close(reason);
  }

  /** Gives every connection up so that others are made. */
  renew(reason: Error): void {
    for (const connection of this.all) connection.renew(reason);
  }
}
