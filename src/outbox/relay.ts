import { integerIn, invalidOption } from "../connection/options.ts";
import { type FaktoryError, InvalidJobError, NotUniqueError, StateError } from "../errors.ts";
import { Emitter, type Listener } from "../events.ts";
import { backoffMs } from "../internal/backoff.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import { isError } from "../internal/kinds.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { createJid } from "../job/jid.ts";
import { decodeJob } from "../job/decode.ts";
import type { JobFields } from "../job/job.ts";
import type { EnqueueManyResult } from "../job/job_source.ts";
import type { Producer } from "../producer/producer.ts";
import type { Connection } from "./database.ts";
import { HeldRows } from "./held_rows.ts";
import { PushResults } from "./push_results.ts";
import { RELAY_EVENTS, type RelayEvents } from "./relay_events.ts";
import type { Statements } from "./statements.ts";

/** Options of a relay. */
export interface RelayOptions {
  /** Interval of the checks while the table is empty, in milliseconds. @default 500 */
  readonly pollMs?: number | undefined;
  /** Maximum number of rows to take at a time, 1 to 10000. @default 1000 */
  readonly batchSize?: number | undefined;
  /**
   * Time after which another relay takes over the rows of a crashed one, in seconds, 10 to 3600. A
   * running relay extends its claims.
   *
   * @default 30
   */
  readonly claimSeconds?: number | undefined;
  /**
   * The source of time. In tests, use a `ManualClock` from `./server`. @default the system clock
   */
  readonly clock?: Clock | undefined;
}

/** Options of {@linkcode OutboxRelay.stop}. */
export interface StopRelayOptions {
  /**
   * Longest time to wait for Faktory to confirm the jobs in flight, in milliseconds. @default 25000
   */
  readonly timeoutMs?: number | undefined;
}

/** The names of {@linkcode RelayOptions}. */
export const RELAY_OPTIONS = {
  pollMs: true,
  batchSize: true,
  claimSeconds: true,
  clock: true,
} as const satisfies OptionNames<RelayOptions>;

const STOP_OPTIONS = { timeoutMs: true } as const satisfies OptionNames<StopRelayOptions>;

/** The results of a relay. */
export interface RelayReport {
  /** Number of jobs that Faktory has confirmed. */
  readonly pushed: number;
  /**
   * Number of jobs that Faktory or the producer's catalogue refused. Their rows stay, with the
   * reason in the column `error`.
   */
  readonly rejected: number;
}

interface Parts {
  readonly connection: Connection;
  readonly statements: Statements;
  // deno-lint-ignore no-explicit-any
  readonly producer: Producer<any>;
  readonly options: RelayOptions;
}

interface Row {
  readonly id: string | number;
  readonly job: string;
}

/** Delays after a failure of the database or of Faktory. */
const RETRY = { initialMs: 200, maxMs: 10_000 };

/** Maximum number of rows to take at a time. */
const MAX_BATCH_SIZE = 10_000;

/**
 * Pushes the jobs of an outbox's table, oldest first, until it is stopped. Created by
 * `Outbox.relay()`.
 *
 * It claims rows (`FOR UPDATE SKIP LOCKED` in PostgreSQL), pushes their jobs and deletes them. No
 * transaction is open while it pushes.
 */
export class OutboxRelay implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #statements: Statements;
  // deno-lint-ignore no-explicit-any
  readonly #producer: Producer<any>;
  readonly #pollMs: number;
  readonly #batchSize: number;
  readonly #claimSeconds: number;
  readonly #clock: Clock;
  readonly #events = new Emitter<RelayEvents>(RELAY_EVENTS);
  /** The name of this relay in the rows that it has claimed. */
  readonly #name = createJid();
  readonly #held: HeldRows;
  readonly #results: PushResults;
  /** Maximum number of rows of the next batch. */
  #limit: number;
  #isStopped = false;
  /** True after a stop: it sends no more statements. */
  #isClosed = false;
  /** Aborted when a stop takes too long. */
  readonly #abandon = new AbortController();
  /** Ends the wait between two checks. */
  #endWait = () => {};
  /** True if the table must be checked without a wait. */
  #isWoken = false;
  /** The last batch: batches of the loop and of `drain()` run one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #loop: Promise<void>;

  /** @internal */
  constructor({ connection, statements, producer, options }: Parts) {
    if (typeof producer?.enqueueMany !== "function") {
      throw invalidOption("producer", "a Producer", producer);
    }
    if (typeof options !== "object" || options === null) {
      throw invalidOption("options", "an object", options);
    }
    this.#connection = connection;
    this.#statements = statements;
    this.#producer = producer;
    const { pollMs, batchSize, claimSeconds } = options;
    this.#pollMs = integerIn("pollMs", pollMs, { min: 1, max: 3_600_000, fallback: 500 });
    this.#batchSize = integerIn("batchSize", batchSize, {
      min: 1,
      max: MAX_BATCH_SIZE,
      fallback: 1000,
    });
    this.#claimSeconds = integerIn("claimSeconds", claimSeconds, {
      min: 10,
      max: 3600,
      fallback: 30,
    });
    this.#clock = options.clock ?? systemClock;
    this.#limit = this.#batchSize;
    const database: Connection = {
      ...connection,
      query: (sql, params) => this.#query(sql, params),
    };
    this.#held = new HeldRows({
      ...{ database, statements, clock: this.#clock },
      ...{ name: this.#name, claimSeconds: this.#claimSeconds },
    });
    this.#results = new PushResults({
      database,
      statements,
      held: this.#held,
      events: this.#events,
    });
    this.#loop = this.#run();
  }

  /**
   * Calls `listener` on every `event`. Returns a function that removes the listener.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if there is no such event.
   */
  on<Name extends keyof RelayEvents>(
    event: Name,
    listener: Listener<RelayEvents[Name]>,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /** Checks the table at once, for example after your program has committed a transaction. */
  wake(): void {
    this.#isWoken = true;
    this.#endWait();
  }

  /**
   * Pushes the jobs in the table, and resolves when there are none left that this relay can claim.
   * For tests, and for programs that run from time to time.
   *
   * @returns The results of this relay since it started.
   * @throws The error of the database or of Faktory.
   */
  async drain(): Promise<RelayReport> {
    while (!this.#isStopped && await this.#next() > 0);
    return this.#report();
  }

  /**
   * Stops after the batch in flight. Rows that Faktory has not confirmed stay in the table for the
   * next relay.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  async stop(options: StopRelayOptions = {}): Promise<RelayReport> {
    checkOptionNames(options, STOP_OPTIONS, "stop");
    const { timeoutMs } = options;
    const limitMs = integerIn("timeoutMs", timeoutMs, { min: 0, max: 3_600_000, fallback: 25_000 });
    this.#isStopped = true;
    this.wake();
    const gaveUp = deferred();
    const cancel = this.#clock.after(limitMs, () => {
      this.#abandon.abort();
      gaveUp.resolve();
    });
    await Promise.race([this.#finish(), gaveUp.promise]);
    this.#isClosed = true;
    this.#endWait();
    this.#held.close();
    cancel();
    return this.#report();
  }

  /** Waits for the batch in flight, and records its results. */
  async #finish(): Promise<void> {
    await this.#loop;
    await this.#turn.catch(() => {});
    // Jobs whose rows stay would be pushed again.
    for (let failures = 0; !this.#isClosed; failures++) {
      await this.#results.record().catch(() => {});
      if (this.#results.isEmpty || this.#isClosed) return;
      await this.#wait(backoffMs(failures, RETRY));
    }
  }

  /** Calls {@linkcode OutboxRelay.stop}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #report(): RelayReport {
    const { pushed, rejected } = this.#results;
    return { pushed, rejected };
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#isStopped) {
      let waitMs = this.#pollMs;
      this.#isWoken = false;
      try {
        // After a full batch there are probably more rows.
        if (await this.#next() >= this.#batchSize) waitMs = 0;
        failures = 0;
      } catch (error) {
        if (this.#abandon.signal.aborted) return;
        waitMs = backoffMs(failures++, RETRY);
        this.#events.emit("error", { error, retryInMs: waitMs });
      }
      if (waitMs > 0 && !this.#isWoken) await this.#wait(waitMs);
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      this.#endWait = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Pushes a batch when the previous one has ended. Resolves to its number of rows. */
  #next(): Promise<number> {
    const next = this.#turn.then(() => this.#batch(), () => this.#batch());
    this.#turn = next;
    // The caller gets the error too.
    next.catch(() => {});
    return next;
  }

  async #batch(): Promise<number> {
    const { claim } = this.#statements;
    // On the connection of an open transaction, it could claim jobs that are rolled back later.
    if (this.#isStopped || this.#connection.isInTransaction()) return 0;
    // Otherwise it would claim and push them again.
    await this.#results.record();
    const claimed = await this.#query(claim, [
      this.#name,
      this.#claimSeconds,
      this.#limit,
    ]) as readonly Row[];
    if (claimed.length === 0) return 0;
    const rows = [...claimed].sort((a, b) => Number(a.id) - Number(b.id));
    this.#held.add(rows.map(idOf));
    try {
      await this.#push(rows);
    } catch (error) {
      // After a stop that gave up, Faktory may still confirm them, so the claim must expire by
      // itself.
      if (!this.#abandon.signal.aborted) await this.#release(rows);
      throw error;
    }
    return rows.length;
  }

  /** Releases the rows that have no result. */
  async #release(rows: readonly Row[]): Promise<void> {
    const ids = rows.map(idOf).filter((id) => !this.#results.has(id));
    this.#held.remove(ids);
    // If this fails, the claim expires. In a transaction, it could be rolled back.
    if (ids.length === 0 || this.#connection.isInTransaction()) return;
    await this.#query(this.#statements.release, [this.#name, JSON.stringify(ids)]).then(
      () => {},
      () => {},
    );
  }

  async #push(rows: readonly Row[]): Promise<void> {
    const jobs = new Map<Row, JobFields | FaktoryError>(rows.map((row) => [row, read(row.job)]));
    const validJobs = [...jobs.values()].filter((job) => !(isError(job))) as JobFields[];
    const { failed }: EnqueueManyResult = await this.#producer.enqueueMany(validJobs, {
      signal: this.#abandon.signal,
    });
    let reason: FaktoryError | undefined;
    for (const [row, job] of jobs) {
      const error = isError(job) ? job : failed.get(job.jid!);
      // If a unique job (Enterprise) like it exists, the row is done.
      if (error === undefined || error instanceof NotUniqueError) this.#results.done(idOf(row));
      else if (isRefusal(error, failed.size < validJobs.length)) {
        this.#results.refused(idOf(row), isError(job) ? "" : job.jid!, error);
      } else {
        reason ??= error;
      }
    }
    // If the server refuses all of these jobs, others may tell whether it refuses every job.
    this.#limit = reason?.code === "SERVER_ERROR"
      ? Math.min(2 * this.#limit, MAX_BATCH_SIZE)
      : this.#batchSize;
    await this.#results.record();
    if (reason !== undefined) throw reason;
  }

  /** Runs a statement. After a stop that gave up, the program may have closed the database. */
  async #query(sql: string, params: readonly unknown[]): Promise<readonly object[]> {
    if (this.#isClosed) {
      throw new StateError("CLOSED", "Cannot use the database as the relay has stopped");
    }
    return await this.#connection.query(sql, params);
  }
}

function idOf({ id }: Row): string {
  return String(id);
}

/** Decodes the job of a row. Returns an error if another program has written to the column. */
function read(json: string): JobFields | FaktoryError {
  try {
    const { jid, type, args, queue, retry, at, reserveFor, backtrace, custom, createdAt } =
      decodeJob(json);
    return { jid, type, args, queue, retry, at, reserveFor, backtrace, custom, createdAt };
  } catch (error) {
    return error as FaktoryError;
  }
}

/**
 * Returns true if trying again would give the same result. A server error for every job of a batch
 * concerns the server, not the jobs.
 */
function isRefusal(error: FaktoryError, othersPassed: boolean): boolean {
  return error instanceof InvalidJobError || error.code === "PROTOCOL_VIOLATION" ||
    error.code === "SERVER_ERROR" && othersPassed;
}
