import { type Clock, elapsedMs } from "../internal/clock.ts";
import type { ServerWorker } from "../inspect/types.ts";
import type { Work } from "./slices.ts";

/** What a server wants of a worker, or a worker says of itself; it only ever advances. */
export type WorkerSignal = "running" | "quiet" | "terminate";

const RANK: Record<WorkerSignal, number> = { running: 0, quiet: 1, terminate: 2 };

/** A worker is forgotten after so long without BEAT, in milliseconds. */
const SILENCE_MS = 60_000;

/** What a connection said in its HELLO. */
export interface ClientData {
  readonly wid: string;
  readonly hostname: string;
  readonly pid: number;
  readonly labels: readonly string[];
  /**
   * Of a worker's first connection, the worker's; the others keep `running`, as on the reference
   * server.
   */
  state: WorkerSignal;
  /** The client says no more, and probably is there no more: its FETCHes do not wait for a job. */
  isGone: boolean;
  /** Ends the FETCH that waits, if one does, without a job. */
  endWait: (() => void) | undefined;
}

/** Something that can be hung up. */
export interface Closable {
  close(): void;
}

interface Worker {
  readonly client: ClientData;
  readonly connections: Set<Closable>;
  lastBeat: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  rssKb: number | undefined;
}

/** The worker processes that are connected. */
export class Workers {
  readonly #workers = new Map<string, Worker>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#workers.size;
  }

  add(client: ClientData, connection: Closable): void {
    let worker = this.#workers.get(client.wid);
    if (worker === undefined) {
      worker = {
        ...{ client, connections: new Set(), lastBeat: elapsedMs(this.#clock) },
        ...{ since: this.#clock.now(), rssKb: undefined },
      };
      this.#workers.set(client.wid, worker);
    }
    worker.connections.add(connection);
  }

  /** How many connections a worker has. */
  connectionsOf(wid: string): number {
    return this.#workers.get(wid)?.connections.size ?? 0;
  }

  /** The last connection to go takes the worker with it, its state included. */
  remove({ wid }: ClientData, connection: Closable): void {
    const worker = this.#workers.get(wid);
    if (worker === undefined) return;
    worker.connections.delete(connection);
    if (worker.connections.size === 0) this.#workers.delete(wid);
  }

  /** Takes a BEAT; gives what is wanted of the worker, `undefined` for one that is not known. */
  beat(wid: string, state: string, rssKb = 0): WorkerSignal | undefined {
    const worker = this.#workers.get(wid);
    if (worker === undefined) return undefined;
    worker.lastBeat = elapsedMs(this.#clock);
    if (rssKb > 0) worker.rssKb = rssKb;
    if (state === "quiet" || state === "terminate") advance(worker.client, state);
    return worker.client.state;
  }

  /** Every worker, in the order in which they came. */
  list(): Omit<ServerWorker, "jobs">[] {
    const [now, elapsed] = [this.#clock.now(), elapsedMs(this.#clock)];
    return [...this.#workers.values()].map(({ client, connections, lastBeat, since, rssKb }) => {
      const { wid, hostname, pid, labels, state } = client;
      return {
        ...{ wid, hostname, pid, labels, state, connections: connections.size, rssKb },
        ...{ since: new Date(since), lastBeat: new Date(now - (elapsed - lastBeat)) },
      };
    });
  }

  /**
   * Tells a worker what is wanted of it, from its next BEAT on. False where there is no such
   * worker.
   */
  signal(wid: string, state: "quiet" | "terminate"): boolean {
    const worker = this.#workers.get(wid);
    if (worker === undefined) return false;
    advance(worker.client, state);
    return true;
  }

  /** Forgets workers that have fallen silent, and hangs up all their connections. */
  // deno-lint-ignore require-yield
  *reap(): Work<number> {
    const limit = elapsedMs(this.#clock) - SILENCE_MS;
    let count = 0;
    for (const [wid, { lastBeat, connections }] of this.#workers) {
      if (lastBeat >= limit) continue;
      count++;
      this.#workers.delete(wid);
      for (const connection of connections) connection.close();
    }
    return count;
  }
}

function advance(client: ClientData, state: WorkerSignal): void {
  if (RANK[state] > RANK[client.state]) client.state = state;
}
