import { type Clock, elapsedMs } from "../internal/clock.ts";
import type { ServerWorker } from "../inspect/types.ts";
import type { Work } from "./slices.ts";

/** State that the server wants for a worker, or that the worker reports. It only moves forward. */
export type WorkerSignal = "running" | "quiet" | "terminate";

const RANK: Record<WorkerSignal, number> = { running: 0, quiet: 1, terminate: 2 };

/** Silence after which a worker is removed, in ms. */
const SILENCE_MS = 60_000;

/** The data that a connection sent in its HELLO. */
export interface ClientData {
  readonly wid: string;
  readonly hostname: string;
  readonly pid: number;
  readonly labels: readonly string[];
  /**
   * On a worker's first connection, the state of the worker. Other connections keep `running`, as
   * on the reference server.
   */
  state: WorkerSignal;
  /**
   * True after the client has half-closed its connection, or has probably died. Its FETCHes do not
   * wait.
   */
  isGone: boolean;
  /** Ends the waiting FETCH without a job, if there is one. */
  endWait: (() => void) | undefined;
}

/** Something that can be closed. */
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

/** The connected worker processes. */
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

  /** Number of connections of a worker. */
  connectionsOf(wid: string): number {
    return this.#workers.get(wid)?.connections.size ?? 0;
  }

  /** Removes a connection. A worker without connections is removed, and its state is lost. */
  remove({ wid }: ClientData, connection: Closable): void {
    const worker = this.#workers.get(wid);
    if (worker === undefined) return;
    worker.connections.delete(connection);
    if (worker.connections.size === 0) this.#workers.delete(wid);
  }

  /**
   * Handles a BEAT. Returns the state that the server wants, or `undefined` for an unknown worker.
   */
  beat(wid: string, state: string, rssKb = 0): WorkerSignal | undefined {
    const worker = this.#workers.get(wid);
    if (worker === undefined) return undefined;
    worker.lastBeat = elapsedMs(this.#clock);
    if (rssKb > 0) worker.rssKb = rssKb;
    if (state === "quiet" || state === "terminate") advance(worker.client, state);
    return worker.client.state;
  }

  /** Lists the workers in the order in which they connected. */
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
   * Sets the state that a worker gets with its next BEAT. Returns true if there is such a worker.
   */
  signal(wid: string, state: "quiet" | "terminate"): boolean {
    const worker = this.#workers.get(wid);
    if (worker === undefined) return false;
    advance(worker.client, state);
    return true;
  }

  /** Removes workers that have fallen silent, and closes their connections. */
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
