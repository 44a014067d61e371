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
import type { Records } from "./enterprise/records.ts";
import { marshal, marshalText } from "./go/encode.ts";
import { GoError } from "./go/error.ts";
import { checkListener, type ServerEvent, type TellEvent } from "./events.ts";
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
import { Turns } from "./turns.ts";
import { type ClientData, Workers } from "./workers.ts";

/**
 * Which server to be: the free one, or the one with batches, tracking, unique and expiring jobs.
 */
export type ServerEdition = "free" | "enterprise";

/** Options of a server, whichever way its clients come. */
export interface ServerOptions {
  /**
   * Which server to answer as. As `enterprise` it has batches and tracking and heeds `unique_for`,
   * `unique_until`, `expires_at` and `expires_in` of a job's `custom`. As `free` it refuses BATCH
   * and TRACK and ignores these keys, as the server does that anybody can install: what is made
   * with Enterprise would come to nothing there, without a word.
   *
   * @default "free"
   */
  readonly edition?: ServerEdition | undefined;
  /**
   * Recurring jobs, as in the configuration of Faktory Enterprise, which enqueues them itself. Of
   * the edition `enterprise` only: `./cron` is for every server.
   *
   * @default none
   */
  readonly cron?: readonly ServerCron[] | undefined;
  /**
   * How many jobs of a queue run at the same time, by the queue's name, as in the configuration of
   * Faktory Enterprise. Of the edition `enterprise` only: a consumer's option `limits` is for every
   * server. Throttled queues are looked at when a FETCH comes, and not while it waits.
   *
   * @default none
   */
  readonly throttles?: Readonly<Record<string, ServerThrottle>> | undefined;
  /**
   * Hears of clients that connect, are refused or leave, and of failed jobs, for a log. A failure
   * of it is ignored.
   *
   * @default none
   */
  readonly onEvent?: ((event: ServerEvent) => void) | undefined;
  /** The password that clients have to know. @default none */
  readonly password?: string | undefined;
  /** Connections that are taken at the same time. @default 2000 */
  readonly maxConnections?: number | undefined;
  /**
   * The longest line that brings jobs (PUSH, PUSHB), in bytes, from 64 KiB to 512 MiB. A longer one
   * is answered with an error and not kept. Lines of other commands may have 64 KiB, of FAIL and
   * MUTATE 1 MiB.
   *
   * @default 67108864, which is 64 MiB
   */
  readonly maxLineBytes?: number | undefined;
  /**
   * How long a FETCH waits for a job, in milliseconds; nobody can take longer than that to find out
   * that there is none, or to stop. Less makes tests quicker, and empty queues be asked for more
   * often.
   *
   * @default 2000, as the reference server
   */
  readonly fetchWaitMs?: number | undefined;
  /**
   * Where the server's time comes from; a `ManualClock` lets tests move it. @default the machine's
   * clock
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

/** What a server holds, for tests and curious people. */
export interface ServerSnapshot {
  /** Jobs waiting in each queue. */
  readonly queues: Readonly<Record<string, number>>;
  /** Jobs for a later time. */
  readonly scheduled: number;
  /** Failed jobs that are to be tried again. */
  readonly retries: number;
  /** Failed jobs that are not. */
  readonly dead: number;
  /** Jobs with a worker. */
  readonly working: number;
  /** FETCHes that wait. */
  readonly waiting: number;
  /** Jobs that were run, whether they failed or not. */
  readonly processed: number;
  /** Failures of jobs. */
  readonly failures: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Consumers that have said who they are. */
  readonly workers: number;
}

/** What those who make a server may change of its insides. */
export interface ServerInternals extends Partial<Omit<ManagerOptions, "hooks">> {
  /** Where what Enterprise knows is kept. @default in memory alone */
  readonly records?: Records | undefined;
  /** What does long work. @default slices of the machine's time */
  readonly slices?: Slices | undefined;
  /** The clock by which workers fall silent. @default the server's */
  readonly workersClock?: Clock | undefined;
}

/** The version of the reference server that this one behaves as. */
const VERSION = "1.10.0";

const FETCH_WAIT_MS = 2000;
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** As many connections as are taken may be there before their HELLO, but not fewer than this. */
const MIN_STRANGERS = 100;

/** The server but for its socket: clients come by {@linkcode ServerState.connect}. */
export class ServerState implements ConnectionOwner {
  readonly context: CommandContext;
  readonly greeter: Greeter;
  readonly turns: Turns;
  readonly workers: Workers;
  isClosing = false;
  readonly maxLineBytes: number;
  readonly tell: TellEvent | undefined;
  readonly #clock: Clock;
  readonly #manager: Manager;
  readonly #tasks: Tasks;
  readonly #store: Store;
  readonly #slices: Slices;
  readonly #description: string;
  readonly #maxConnections: number;
  readonly #startedAt: number;
  readonly #open = new Set<Connection>();
  /** Those that have not said HELLO, the oldest first. */
  readonly #strangers = new Set<Connection>();
  readonly #admitted = new Set<Connection>();
  readonly #sleepers = new Set<() => void>();
  #commands = 0;

  constructor(options: ServerOptions, insides: ServerInternals = {}) {
    const clock = this.#clock = options.clock ?? systemClock;
    const tell = this.tell = checkListener(options.onEvent);
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
    const password = text("password", options.password);
    this.greeter = new Greeter(password === "" ? undefined : password);
    this.#startedAt = elapsedMs(clock);
    const store = this.#store = insides.store ?? nullStore;
    const enterprise = isEnterprise(options.edition)
      ? new Enterprise({
        clock,
        records: insides.records ?? (store.isDurable ? store : undefined),
        push: (job) => this.#manager.push(job),
        extend: (jid, until) => this.#manager.extend(jid, until),
      })
      : undefined;
    this.#description = enterprise === undefined ? "Faktory" : "Faktory Enterprise";
    this.#manager = new Manager(clock, {
      fetchWait: { clock, ms: fetchWaitMs },
      ...insides,
      hooks: enterprise,
      tell,
      throttles:
        enterpriseOnly(enterprise, "throttles", options.throttles, "a consumer's option limits") &&
        new Throttles(options.throttles),
    });
    this.workers = new Workers(insides.workersClock ?? clock);
    const slices = this.#slices = insides.slices ?? new Slices();
    this.turns = new Turns(slices.timer);
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
    this.#strangers.add(connection);
    if (this.#strangers.size > Math.max(this.#maxConnections, MIN_STRANGERS)) this.makeRoom();
    return connection;
  }

  /**
   * Closes the connection that has not said HELLO for longest: clients say it at once. False where
   * all have said it.
   */
  makeRoom(): boolean {
    for (const oldest of this.#strangers) {
      this.#strangers.delete(oldest);
      oldest.close();
      return true;
    }
    return false;
  }

  introduced(connection: Connection): void {
    this.#strangers.delete(connection);
  }

  admit(connection: Connection): string | undefined {
    this.#admitted.add(connection);
    const count = this.#admitted.size;
    return count > this.#maxConnections ? `too many connections: ${count}` : undefined;
  }

  closed(connection: Connection): void {
    this.#open.delete(connection);
    this.#strangers.delete(connection);
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
    const { queues, sets, working, waiting } = this.#manager;
    const { processed, failures } = this.#manager.counters;
    return {
      queues: queues.sizes(),
      scheduled: sets.scheduled.size,
      retries: sets.retries.size,
      dead: sets.dead.size,
      working,
      waiting: waiting + this.#sleepers.size,
      processed,
      failures,
      connections: this.#admitted.size,
      workers: this.workers.size,
    };
  }

  #sleep(client: ClientData): Promise<void> {
    const { clock, ms } = this.#manager.fetchWait;
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
      // A queue's name needs no escapes.
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

/** A struct as Go writes it, its fields in the order given. */
function writeStruct(fields: Record<string, string | number>): string {
  return `{${Object.entries(fields).map(([name, json]) => `"${name}":${json}`).join(",")}}`;
}

/**
 * The value of an option that Enterprise alone has.
 *
 * @throws {ConfigError} `INVALID_OPTION` if it is given to a free server.
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
    `Cannot use the option ${name} as a free server has none: use the edition enterprise, or ${instead}, ` +
      "which works with every server",
  );
}

/** @throws {ConfigError} `INVALID_OPTION` where it is no edition. */
function isEnterprise(edition: unknown): boolean {
  if (edition === undefined || edition === "free") return false;
  if (edition === "enterprise") return true;
  throw invalidOption("edition", '"free" or "enterprise"', edition);
}

/** @throws {ConfigError} `INVALID_OPTION` where an option is no text. */
export function text(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw invalidOption(name, "a text", name === "password" ? typeof value : value);
}
