import { type MakePool, preparePools } from "../connection/connect.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { decodeJob } from "../job/decode.ts";
import type { Job } from "../job/job.ts";
import { ServerState } from "../server/server_state.ts";
import { slicesBy } from "../server/slices.ts";
import { writeJob } from "../server/stored_job.ts";
import type { Transport } from "../transport/transport.ts";
import { memoryUrl } from "./memory_server.ts";
import { memoryTransport } from "./memory_transport.ts";

/**
 * How long a FETCH waits, in milliseconds of the machine's clock: a consumer can end only once its
 * FETCHes have, so that with two seconds a test would wait, and with a clock that stands still it
 * would for ever.
 */
const FETCH_WAIT_MS = 10;

/** What it takes to connect to a fake. */
export interface FakeConnection {
  /** The option `url`; no name is looked up for it. */
  readonly url: string;
  /** The option `transport`: streams in memory. */
  readonly transport: Transport;
}

/**
 * A server in memory that remembers every job that it was given, and does not make tests wait or
 * guess.
 */
export class FakeServer {
  readonly core: ServerState;
  readonly connection: FakeConnection;
  /** The server's time for connections, whose time limits pass as the machine's time does. */
  readonly #clock: Clock;
  readonly #payloads: string[] = [];
  /** Those of the payloads that were read, at the same places. */
  #jobs: Job[] = [];

  private constructor(clock: Clock, makeCore: (pushed: (payload: string) => void) => ServerState) {
    this.#clock = { now: () => clock.now(), after: systemClock.after };
    this.core = makeCore((payload) => this.#payloads.push(payload));
    this.connection = { url: memoryUrl(), transport: memoryTransport(this.core) };
  }

  static start(clock: Clock): FakeServer {
    return new FakeServer(
      clock,
      (pushed) =>
        new ServerState({ clock, maxConnections: Number.MAX_SAFE_INTEGER }, {
          random: () => 0,
          slices: slicesBy(clock),
          // A test moves the clock by hours at once, and a worker has no time for its BEATs.
          workersClock: systemClock,
          fetchWait: { clock: systemClock, ms: FETCH_WAIT_MS },
          onPush: (job) => pushed(String(writeJob(job))),
        }),
    );
  }

  /** The jobs that were enqueued, in their order. */
  get jobs(): readonly Job[] {
    if (this.#jobs.length < this.#payloads.length) {
      const more = this.#payloads.slice(this.#jobs.length).map(decodeJob);
      this.#jobs = [...this.#jobs, ...more];
    }
    return this.#jobs;
  }

  /** Forgets every job. */
  clear(): void {
    this.#payloads.length = 0;
    this.#jobs = [];
    this.core.context.manager.flush();
  }

  /** What makes connections that are not made again; `lost` hears of the end of one. */
  makePool(lost: (error: Error) => void): Promise<MakePool> {
    return preparePools({ ...this.connection, clock: this.#clock, reconnect: false }, {
      delivery: "at-least-once",
      attempts: 0,
      listener: { disconnected: lost, reconnected() {} },
    });
  }

  close(): void {
    this.core.close();
  }
}
