import type { MakePool } from "../../connection/connect.ts";
import type { ConnectionPool } from "../../connection/pool.ts";
import type { Request } from "../../connection/request.ts";
import type { Clock } from "../../internal/clock.ts";
import { FetchConnections } from "../fetch/fetch_connections.ts";
import type { ConsumerSettings } from "../options.ts";

/** Options of the connections of a session. */
export interface WorkerConnectionsOptions {
  readonly settings: Pick<ConsumerSettings, "connections" | "worker">;
  readonly makePool: MakePool;
  readonly clock: Clock;
}

/**
 * The connections of a session: one without FETCHes, so that no command on it waits for a job, and
 * those for FETCHes. The server sees all of them as one worker.
 */
export class WorkerConnections {
  /**
   * For heartbeats, jobs that handlers enqueue, and everything else that must not wait behind a
   * FETCH.
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

  /**
   * Opens one connection of each kind. The one for FETCHes comes first: if the server tells the
   * worker to go quiet, it answers FETCHes of the first connection without a job, after two
   * seconds. Joins send their FETCHes on the other one, where results must not wait.
   */
  async open(signal?: AbortSignal): Promise<void> {
    await this.fetching.open(signal);
    try {
      await this.commands.open(signal);
    } catch (error) {
      this.fetching.close();
      throw error;
    }
  }

  /** True if there is an open connection of each kind. */
  get connected(): boolean {
    return this.commands.connected && this.fetching.connected;
  }

  /** Sends an ACK or a FAIL on a connection where it waits for at most one FETCH. */
  sendResult(request: Request): void {
    this.fetching.sendResult(request, this.commands.all[0]!);
  }

  /** Closes all connections with END. */
  async end(): Promise<void> {
    await Promise.all([this.fetching.end(), this.commands.end()]);
  }

  /** Closes all connections at once. */
  close(reason: Error): void {
    this.fetching.close(reason);
    this.commands.close(reason);
  }
}
