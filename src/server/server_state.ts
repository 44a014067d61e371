import type { StoredJob } from "./stored_job.ts";
import { ConfigError } from "../errors.ts";
import type { OptionNames } from "../internal/option_names.ts";
import { integerIn, invalidOption } from "../connection/options.ts";
import { type Clock, elapsedMs, systemClock } from "../internal/clock.ts";
import { residentKib } from "../internal/environment.ts";
import type { CommandContext } from "./commands.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { Cron, type ServerCron } from "./enterprise/cron.ts";
import { Enterprise } from "./enterprise/enterprise.ts";
import { type ServerThrottle, Throttles } from "./enterprise/throttles.ts";
import type { Records } from "./enterprise/expiring_table.ts";
import { marshal, marshalText } from "./go/encode.ts";
import { GoError } from "./go/error.ts";
import { checkListener, type EmitEvent, type ServerEvent } from "./events.ts";
import { History } from "./history.ts";
import { Greeter } from "./handshake.ts";
import { Manager, type ManagerOptions } from "./manager.ts";
import { Inspector } from "./inspect/inspector.ts";
import type { Peer } from "./peer.ts";
import { ReplyGate } from "./store/reply_gate.ts";
import { nullStore, type Store } from "./store/store.ts";
import { Slices } from "./slices.ts";
import { writeTime } from "./stored_job.ts";
import { Tasks } from "./tasks.ts";
import { FairQueue } from "./fair_queue.ts";
import { type ClientData, Workers } from "./workers.ts";

/** The edition to imitate. `enterprise` adds batches, tracking, and unique and expiring jobs. */
export type ServerEdition = "free" | "enterprise";

/** Options of a server that do not depend on how clients connect. */
export interface ServerOptions {
  /**
   * The edition to imitate. `enterprise` has batches and tracking, and respects `unique_for`,
   * `unique_until`, `expires_at` and `expires_in` in a job's `custom`. `free` refuses BATCH and
   * TRACK and ignores these keys, like the free server of Faktory. Use `enterprise` only if your
   * production server is Faktory Enterprise: the free server ignores these keys without an error.
   *
   * @default "free"
   */
  readonly edition?: ServerEdition | undefined;
  /**
   * Recurring jobs that the server enqueues, as in the configuration of Faktory Enterprise. Only
   * for the edition `enterprise`. With other servers, use the entry `./cron`.
   *
   * @default none
   */
  readonly cron?: readonly ServerCron[] | undefined;
  /**
   * Limits on how many jobs of a queue run at the same time, by queue name, as in the configuration
   * of Faktory Enterprise. Only for the edition `enterprise`. With other servers, use a consumer's
   * option `limits`. The server checks the limit when a FETCH arrives, not while the FETCH waits.
   *
   * @default none
   */
  readonly throttles?: Readonly<Record<string, ServerThrottle>> | undefined;
  /**
   * Called when a client connects, is refused or leaves, and when a job fails, for example to write
   * a log. The server ignores errors that this function throws.
   *
   * @default none
   */
  readonly onEvent?: ((event: ServerEvent) => void) | undefined;
  /** The password that clients must know. @default none */
  readonly password?: string | undefined;
  /** Maximum number of connections. @default 2000 */
  readonly maxConnections?: number | undefined;
  /**
   * Longest line of a command that brings jobs (PUSH, PUSHB), in bytes: 64 KiB to 512 MiB. The
   * server answers a longer line with an error and discards it. Lines of FAIL and MUTATE may have 1
   * MiB, lines of other commands 64 KiB.
   *
   * @default 67108864, which is 64 MiB
   */
  readonly maxLineBytes?: number | undefined;
  /**
   * Time that a FETCH waits for a job, in ms. A client that waits for an empty queue, or wants to
   * stop, waits this long. Smaller values make tests faster, but clients then poll empty queues
   * more often.
   *
   * @default 2000, as on the reference server
   *
   * @default 2000, as the reference server
   */
  readonly fetchWaitMs?: number | undefined;
  /**
   * The source of the server's time. Tests pass a `ManualClock` to move the time themselves.
   *
   * @default the machine's clock
   */
  readonly clock?: Clock | undefined;
}

/** The names of {@linkcode ServerOptions}. */
export const SERVER_OPTIONS = {
  onEvent: true,
  edition: true,
  cron: true,
  throttles: true,
  password: true,
  maxConnections: true,
  maxLineBytes: true,
  fetchWaitMs: true,
  clock: true,
} as const satisfies OptionNames<ServerOptions>;

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

const FETCH_WAIT_MS = 2000;
const MAX_LINE_BYTES = 64 * 1024 * 1024;

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
    const emit = this.emit = checkListener(options.onEvent);
    this.#maxConnections = integerIn("maxConnections", options.maxConnections, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      fallback: 2000,
    });
    this.maxLineBytes = integerIn("maxLineBytes", options.maxLineBytes, {
      min: 64 * 1024,
      max: 512 * 1024 * 1024,
      fallback: MAX_LINE_BYTES,
    });
    const fetchWaitMs = integerIn("fetchWaitMs", options.fetchWaitMs, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      fallback: FETCH_WAIT_MS,
    });
    const password = optionalText("password", options.password);
    this.greeter = new Greeter(password === "" ? undefined : password);
    this.#startedAt = elapsedMs(clock);
    const store = this.#store = internals.store ?? nullStore;
    const enterprise = isEnterprise(options.edition)
      ? new Enterprise({
        clock,
        records: internals.records ?? (store.isDurable ? store : undefined),
        push: (job) => this.#manager.push(job),
        extend: (jid, until) => this.#manager.extend(jid, until),
      })
      : undefined;
    this.#description = enterprise === undefined ? "Faktory" : "Faktory Enterprise";
    this.#manager = new Manager(clock, {
      fetchWait: { clock, ms: fetchWaitMs },
      ...internals,
      hooks: enterprise,
      emit: emit,
      throttles:
        enterpriseOnly(enterprise, "throttles", options.throttles, "a consumer's option limits") &&
        new Throttles(options.throttles),
    });
    this.workers = new Workers(internals.workersClock ?? clock);
    const slices = this.#slices = internals.slices ?? new Slices();
    this.handshakes = new FairQueue(slices.timer);
    const history = new History(clock, store, () => {
      const { enqueued, counters: { processed, failures: failed } } = this.#manager;
      return { enqueued, processed, failed };
    });
    const { workers } = this;
    const entries = enterpriseOnly(
      enterprise,
      "cron",
      options.cron,
      "Schedule of the entry ./cron",
    );
    const push = (job: StoredJob) => this.#manager.push(job);
    const cron = entries && new Cron(entries, { now: clock.now(), push });
    this.#tasks = new Tasks(clock, { manager: this.#manager, workers, slices, history, cron });
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
    const held = this.#store.isDurable ? new ReplyGate(peer, this.#store) : undefined;
    const connection = new Connection(held ?? peer, this);
    held?.attach(connection);
    this.#open.add(connection);
    this.#unidentified.add(connection);
    if (this.#unidentified.size > Math.max(this.#maxConnections, MIN_UNIDENTIFIED)) this.makeRoom();
    return connection;
  }

  /**
   * Closes the connection that has waited longest without sending HELLO. Real clients send it at
   * once. Returns false if all connections have sent HELLO.
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

/**
 * Returns the value of an option that only Enterprise has.
 *
 * @throws {ConfigError} `INVALID_OPTION` if the server is free and the option is given.
 */
function enterpriseOnly<T>(
  enterprise: Enterprise | undefined,
  name: string,
  value: T | undefined,
  instead: string,
): T | undefined {
  if (value === undefined || enterprise !== undefined) return value;
  throw new ConfigError(
    "INVALID_OPTION",
    `Cannot use the option ${name} with the edition free: use the edition enterprise, or ` +
      `${instead}, which works with every server`,
  );
}

/** @throws {ConfigError} `INVALID_OPTION` if the edition is unknown. */
function isEnterprise(edition: unknown): boolean {
  if (edition === undefined || edition === "free") return false;
  if (edition === "enterprise") return true;
  throw invalidOption("edition", '"free" or "enterprise"', edition);
}

/** @throws {ConfigError} `INVALID_OPTION` if the option is not a string. */
export function optionalText(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw invalidOption(name, "a string", name === "password" ? typeof value : value);
}
