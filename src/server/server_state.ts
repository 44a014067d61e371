import type { StoredJob } from "./stored_job.ts";
import { type Clock, elapsedMs, systemClock } from "../internal/clock.ts";
import { residentKib } from "../internal/environment.ts";
import type { CommandContext } from "./commands.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { Cron } from "./enterprise/cron.ts";
import { Enterprise } from "./enterprise/enterprise.ts";
import { Throttles } from "./enterprise/throttles.ts";
import type { Records } from "./enterprise/expiring_table.ts";
import { marshal, marshalText } from "./go/encode.ts";
import { GoError } from "./go/error.ts";
import type { EmitEvent } from "./events.ts";
import { History } from "./history.ts";
import { Greeter } from "./handshake.ts";
import { Manager, type ManagerOptions } from "./manager.ts";
import { Inspector } from "./inspect/inspector.ts";
import type { Peer } from "./peer.ts";
import { resolveServerOptions, type ServerOptions } from "./server_options.ts";
import { ReplyGate } from "./store/reply_gate.ts";
import { nullStore, type Store } from "./store/store.ts";
import { Slices } from "./slices.ts";
import { writeTime } from "./stored_job.ts";
import { Tasks } from "./tasks.ts";
import { FairQueue } from "./fair_queue.ts";
import { type ClientData, Workers } from "./workers.ts";

/** A server's counts, for tests and logs. */
export interface ServerSnapshot {
  /** Jobs waiting in each queue. */
  readonly queues: Readonly<Record<string, number>>;
  /** Jobs to run at a later time. */
  readonly scheduled: number;
  /** Failed jobs that wait for a retry. */
  readonly retries: number;
  /** Failed jobs that are not retried. */
  readonly dead: number;
  /** Jobs with a worker. */
  readonly working: number;
  /** Waiting FETCHes. */
  readonly waiting: number;
  /** Runs of jobs, successful or failed. */
  readonly processed: number;
  /** Failed runs of jobs. */
  readonly failures: number;
  /** Open connections. */
  readonly connections: number;
  /** Connected worker processes. */
  readonly workers: number;
}

/** Parts of a server that tests and `./testing` replace. */
export interface ServerInternals extends Partial<Omit<ManagerOptions, "hooks">> {
  /** Storage for Enterprise's records (batches, tracks, locks). @default memory */
  readonly records?: Records | undefined;
  /** Scheduler for long work. @default slices of real time */
  readonly slices?: Slices | undefined;
  /** Clock that detects silent workers. @default the server's clock */
  readonly workersClock?: Clock | undefined;
}

/** The version of the reference server that this server imitates. */
const VERSION = "1.10.0";

/** Minimum limit on connections without a HELLO; otherwise the limit is `maxConnections`. */
const MIN_UNIDENTIFIED = 100;

/** The server without its socket. Clients connect with {@linkcode ServerState.connect}. */
export class ServerState implements ConnectionOwner {
  readonly context: CommandContext;
  readonly greeter: Greeter;
  readonly handshakes: FairQueue;
  readonly workers: Workers;
  isClosing = false;
  readonly maxLineBytes: number;
  readonly emit: EmitEvent | undefined;
  readonly #clock: Clock;
  readonly #manager: Manager;
  readonly #tasks: Tasks;
  readonly #store: Store;
  readonly #slices: Slices;
  readonly #description: string;
  readonly #maxConnections: number;
  readonly #startedAt: number;
  readonly #open = new Set<Connection>();
  /** Connections that have not sent HELLO, the oldest first. */
  readonly #unidentified = new Set<Connection>();
  readonly #admitted = new Set<Connection>();
  readonly #sleepers = new Set<() => void>();
  #commands = 0;

  constructor(options: ServerOptions, internals: ServerInternals = {}) {
    const clock = this.#clock = options.clock ?? systemClock;
    const settings = resolveServerOptions(options);
    const emit = this.emit = settings.emit;
    this.#maxConnections = settings.maxConnections;
    this.maxLineBytes = settings.maxLineBytes;
    this.greeter = new Greeter(settings.password);
    this.#startedAt = elapsedMs(clock);
    const store = this.#store = internals.store ?? nullStore;
    const enterprise = settings.isEnterprise
      ? new Enterprise({
        clock,
        records: internals.records ?? (store.isDurable ? store : undefined),
        push: (job) => this.#manager.push(job),
        extend: (jid, until) => this.#manager.extend(jid, until),
      })
      : undefined;
    this.#description = enterprise === undefined ? "Faktory" : "Faktory Enterprise";
    this.#manager = new Manager(clock, {
      fetchWait: { clock, ms: settings.fetchWaitMs },
      ...internals,
      hooks: enterprise,
      emit: emit,
      throttles: options.throttles && new Throttles(options.throttles),
    });
    this.workers = new Workers(internals.workersClock ?? clock);
    const slices = this.#slices = internals.slices ?? new Slices();
    this.handshakes = new FairQueue(slices.timer);
    const history = new History(clock, store, () => {
      const { enqueued, counters: { processed, failures: failed } } = this.#manager;
      return { enqueued, processed, failed };
    });
    const { workers } = this;
    const push = (job: StoredJob) => this.#manager.push(job);
    const cron = options.cron && new Cron(options.cron, { now: clock.now(), push });
    const more = [
      ...cron ? [{ everySeconds: 5, run: () => cron.run(clock.now()) }] : [],
      ...enterprise ? [{ everySeconds: 60, run: () => enterprise.forgetExpiredBatches() }] : [],
    ];
    this.#tasks = new Tasks(clock, { manager: this.#manager, workers, slices, history, more });
    this.context = {
      manager: this.#manager,
      workers: this.workers,
      slices,
      clock,
      enterprise,
      inspector: new Inspector({
        ...{ manager: this.#manager, workers, slices, clock, history },
        batches: () => enterprise?.batches() ?? [],
        recurring: () => cron?.list(clock.now()) ?? [],
        progress: (jid) => enterprise?.progress(jid),
        info: () => this.#info(),
      }),
      info: () => this.#info(),
      countCommand: () => void this.#commands++,
      sleep: (client) => this.#sleep(client),
    };
  }

  connect(peer: Peer): Connection {
    const gate = this.#store.isDurable ? new ReplyGate(peer, this.#store) : undefined;
    const connection = new Connection(gate ?? peer, this);
    gate?.attach(connection);
    this.#open.add(connection);
    this.#unidentified.add(connection);
    if (this.#unidentified.size > Math.max(this.#maxConnections, MIN_UNIDENTIFIED)) this.makeRoom();
    return connection;
  }

  /**
   * Closes the connection that has waited longest without sending HELLO. Real clients send it at
   * once. Returns true if there was such a connection.
   */
  makeRoom(): boolean {
    for (const oldest of this.#unidentified) {
      this.#unidentified.delete(oldest);
      oldest.close();
      return true;
    }
    return false;
  }

  helloReceived(connection: Connection): void {
    this.#unidentified.delete(connection);
  }

  admit(connection: Connection): string | undefined {
    this.#admitted.add(connection);
    const count = this.#admitted.size;
    return count > this.#maxConnections ? `too many connections: ${count}` : undefined;
  }

  closed(connection: Connection): void {
    this.#open.delete(connection);
    this.#unidentified.delete(connection);
    this.#admitted.delete(connection);
  }

  close(): void {
    this.isClosing = true;
    this.#tasks.close();
    this.#manager.close();
    this.#slices.close(new GoError("shutdown in progress"));
    for (const wake of [...this.#sleepers]) wake();
    for (const connection of this.#open) connection.shutDown();
  }

  snapshot(): ServerSnapshot {
    const { queues, sets, working, fetches } = this.#manager;
    const { processed, failures } = this.#manager.counters;
    return {
      queues: queues.sizes(),
      scheduled: sets.scheduled.size,
      retries: sets.retries.size,
      dead: sets.dead.size,
      working,
      waiting: fetches.waiting + this.#sleepers.size,
      processed,
      failures,
      connections: this.#admitted.size,
      workers: this.workers.size,
    };
  }

  #sleep(client: ClientData): Promise<void> {
    const { clock, ms } = this.#manager.fetches.timeout;
    return new Promise((resolve) => {
      const wake = () => {
        cancelTimer();
        this.#sleepers.delete(wake);
        resolve();
      };
      const cancelTimer = clock.after(ms, wake);
      this.#sleepers.add(wake);
      client.endWait = wake;
      if (client.isGone) wake();
    });
  }

  #info(): string {
    const { queues, sets: { scheduled, retries, dead }, working, counters } = this.#manager;
    const all = queues.sorted();
    let enqueued = 0;
    let sizes = "";
    for (const { name, jobs } of all) {
      enqueued += jobs.length;
      // Queue names need no escapes in JSON.
      sizes += `${sizes === "" ? "" : ","}"${name}":${jobs.length}`;
    }
    const now = this.#clock.now();
    return writeStruct({
      now: marshalText(writeTime(now)),
      server_utc_time: marshalText(`${new Date(now).toISOString().slice(11, 19)} UTC`),
      faktory: writeStruct({
        queues: `{${sizes}}`,
        sets: marshal({
          dead: dead.size,
          retries: retries.size,
          scheduled: scheduled.size,
          working,
        }),
        tasks: marshal(this.#tasks.stats()),
        total_failures: counters.failures,
        total_processed: counters.processed,
        total_enqueued: enqueued,
        total_queues: all.length,
      }),
      server: writeStruct({
        description: marshalText(this.#description),
        faktory_version: marshalText(VERSION),
        uptime: Math.floor((elapsedMs(this.#clock) - this.#startedAt) / 1000),
        connections: this.#admitted.size,
        command_count: this.#commands,
        used_memory_mb: Math.round((residentKib() ?? 0) / 1024),
      }),
    });
  }
}

/** Writes a struct as Go does: its fields in the given order. */
function writeStruct(fields: Record<string, string | number>): string {
  return `{${Object.entries(fields).map(([name, json]) => `"${name}":${json}`).join(",")}}`;
}
