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
 * Time that a FETCH waits, in ms of the machine's clock. A consumer can end only after its FETCHes
 * have: with two seconds, tests would be slow, and with a clock that stands still, they would hang.
 */
const FETCH_WAIT_MS = 10;

/** Options for connecting to a fake. */
export interface FakeConnection {
  /** The option `url`. Its host name is never looked up. */
  readonly url: string;
  /** The option `transport`: streams in memory. */
  readonly transport: Transport;
}

/** A server in memory that records all jobs that it receives. */
export class FakeServer {
  readonly state: ServerState;
  readonly connection: FakeConnection;
  /** The clock of connections, whose time limits pass in real time. */
  readonly #clock: Clock;
  readonly #payloads: string[] = [];
  /** The parsed payloads, at the same positions. */
  #jobs: Job[] = [];

  private constructor(clock: Clock, makeCore: (pushed: (payload: string) => void) => ServerState) {
    this.#clock = { now: () => clock.now(), after: systemClock.after };
    this.state = makeCore((payload) => this.#payloads.push(payload));
    this.connection = { url: memoryUrl(), transport: memoryTransport(this.state) };
  }

  static start(clock: Clock): FakeServer {
    return new FakeServer(
      clock,
      (pushed) =>
        new ServerState({ clock, maxConnections: Number.MAX_SAFE_INTEGER }, {
          random: () => 0,
          slices: slicesBy(clock),
          // A test may move the clock by hours, in which a worker cannot send BEATs.
          workersClock: systemClock,
          fetchWait: { clock: systemClock, ms: FETCH_WAIT_MS },
          onPush: (job) => pushed(String(writeJob(job))),
        }),
    );
  }

  /** The enqueued jobs in order. */
  get jobs(): readonly Job[] {
    if (this.#jobs.length < this.#payloads.length) {
      const more = this.#payloads.slice(this.#jobs.length).map(decodeJob);
      this.#jobs = [...this.#jobs, ...more];
    }
    return this.#jobs;
  }

  /** Deletes all jobs. */
  clear(): void {
    this.#payloads.length = 0;
    this.#jobs = [];
    this.state.context.manager.flush();
  }

  /** Creates connections that are not reestablished. Calls `onLost` when one ends. */
  makePool(onLost: (error: Error) => void): Promise<MakePool> {
    return preparePools({ ...this.connection, clock: this.#clock, reconnect: false }, {
      delivery: "at-least-once",
      attempts: 0,
      listener: { disconnected: onLost, reconnected() {} },
    });
  }

  close(): void {
    this.state.close();
  }
}
