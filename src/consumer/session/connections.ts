import type { MakePool } from "../../connection/connect.ts";
import type { ConnectionPool } from "../../connection/pool.ts";
import type { Request } from "../../connection/request.ts";
import type { Clock } from "../../internal/clock.ts";
import { FetchConnections } from "../fetch/fetch_connections.ts";
import type { ConsumerSettings } from "../options.ts";

/** What the connections of a session are made with. */
export interface WorkerConnectionsOptions {
  readonly settings: Pick<ConsumerSettings, "connections" | "worker">;
  readonly makePool: MakePool;
  readonly clock: Clock;
}

/**
 * The connections of a session: one that never carries a FETCH, so that nothing on it waits for a
 * job, and those that carry FETCHes. The server knows all of them as one worker.
 */
export class WorkerConnections {
  /**
   * For heartbeats, what handlers enqueue, and everything else that must not stand behind a FETCH.
   */
  readonly commands: ConnectionPool;
  readonly fetching: FetchConnections;

  constructor({ settings: { connections, worker }, makePool, clock }: WorkerConnectionsOptions) {
    this.commands = makePool(1, worker);
    this.fetching = new FetchConnections({
      make: () => makePool(1, worker).all[0]!,
      max: connections - 1,
      clock,
    });
  }

  /** Opens one connection of each kind. */
  async open(signal?: AbortSignal): Promise<void> {
    await this.commands.open(signal);
    try {
      await this.fetching.open(signal);
    } catch (error) {
      this.commands.close();
      throw error;
    }
  }

  /** There is a connection of each kind. */
  get connected(): boolean {
    return this.commands.connected && this.fetching.connected;
  }

  /** Sends an ACK or a FAIL where it does not wait for a FETCH, or for one at most. */
  sendResult(request: Request): void {
    this.fetching.sendResult(request, this.commands.all[0]!);
  }

  /** Says goodbye on all of them. */
  async end(): Promise<void> {
    await Promise.all([this.fetching.end(), this.commands.end()]);
  }

  /** Ends all of them at once. */
  close(reason: Error): void {
    this.fetching.close(reason);
    this.commands.close(reason);
  }
}
