import { deferred } from "../../../src/internal/deferred.ts";
import type { OutboxDatabase } from "../../../src/outbox/mod.ts";
import type { SimulatedProcess } from "../process.ts";
import type { Random } from "../random.ts";
import { DatabaseError, type SimulatedDatabase, type Transaction } from "./database.ts";
import type { RowState } from "./sql.ts";

/** A fault of the next statement of a process. */
export type StatementFault =
  /** The database refuses it. */
  | "error"
  /** The connection is lost before the database gets it. */
  | "request lost"
  /** The connection is lost after the database has executed it. */
  | "reply lost"
  /** It takes long. */
  | "slow"
  /** The connection is silent: the driver gives up much later. */
  | "silent";

/**
 * Longest time of a statement, and longest time until a driver gives up a silent connection, in ms.
 */
const SLOW_MS = 20_000;
const SILENT_MS = 60_000;

/** Shortest time without a successful statement that is recorded, in milliseconds. */
const OUTAGE_MS = 1000;

/** Time until the database notices that a program without power is gone, in milliseconds. */
const GONE_MS = 30_000;

/** The faults of a program's connections to its database. */
export abstract class DatabaseClient {
  readonly process: SimulatedProcess;
  /** Simulated time of the last fault of a statement, or until when a fault lasts. */
  troubledAt = -Infinity;
  /** Simulated time before which the database cannot be reached. */
  unreachableUntil = -Infinity;
  /** The pauses of the process: the simulated time of each, and its duration. */
  readonly pauses: { readonly atMs: number; readonly ms: number }[] = [];
  /** Called with the text of each statement outside of transactions. */
  onStatement: (sql: string) => void = () => {};
  /** Called with the rows that a statement outside of transactions returns. */
  onRows: (rows: readonly RowState[]) => void = () => {};
  protected readonly database: SimulatedDatabase;
  protected readonly random: Random;
  readonly #faults: StatementFault[] = [];
  readonly #outages: { readonly from: number; readonly to: number }[] = [];
  readonly #failing: { readonly pattern: RegExp; readonly fault: StatementFault }[] = [];
  #failingSince = Infinity;
  #dying: { left: number; readonly pattern: RegExp; readonly die: () => void } | undefined;

  constructor(database: SimulatedDatabase, process: SimulatedProcess, random: Random) {
    this.database = database;
    this.process = process;
    this.random = random;
  }

  /** The value for the methods of `Outbox`. */
  abstract readonly value: OutboxDatabase;

  /** Runs `work` in a transaction, and ends it with COMMIT or ROLLBACK. */
  abstract transaction(
    work: (database: OutboxDatabase) => Promise<void>,
    end: "COMMIT" | "ROLLBACK",
  ): Promise<void>;

  /** Called when the process has ended. */
  abstract ended(isPowerLoss: boolean): void;

  /** Makes the next statements fail. */
  fail(...faults: StatementFault[]): void {
    this.#faults.push(...faults);
  }

  /** Pauses the process. */
  pause(ms: number): void {
    const { process, pauses } = this;
    if (process.isDead || process.isPaused) return;
    pauses.push({ atMs: process.timeline.now, ms });
    process.pause(ms);
  }

  heal(): void {
    this.#faults.length = 0;
    this.#failing.length = 0;
    this.#dying = undefined;
    this.unreachableUntil = -Infinity;
  }

  /** Makes the next statement that matches `pattern` fail. */
  failIn(pattern: RegExp, fault: StatementFault): void {
    this.#failing.push({ pattern, fault });
  }

  /** True if a statement has yet to fail. */
  get isToFail(): boolean {
    return this.#failing.length > 0;
  }

  /** Makes `die` kill the process around the statement number `count` that matches `pattern`. */
  dieIn(count: number, pattern: RegExp, die: () => void): void {
    this.#dying = { left: count, pattern, die };
  }

  /**
   * Returns the longest time since `atMs` in which no statement succeeded although one was tried.
   */
  outageMs(atMs: number): number {
    const { now } = this.process.timeline;
    const all = [...this.#outages, { from: Math.min(now, this.#failingSince), to: now }];
    return Math.max(0, ...all.filter(({ to }) => to >= atMs).map(({ from, to }) => to - from));
  }

  /** Records that a statement that was sent at `sinceMs` has failed, or is still in flight. */
  protected failing(sinceMs: number): void {
    this.#failingSince = Math.min(this.#failingSince, sinceMs);
  }

  /** Records that a statement has succeeded. */
  protected succeeded(): void {
    const { now } = this.process.timeline;
    if (now - this.#failingSince >= OUTAGE_MS) {
      this.#outages.push({ from: this.#failingSince, to: now });
    }
    this.#failingSince = Infinity;
  }

  protected trouble(untilMs = this.process.timeline.now): void {
    this.troubledAt = Math.max(this.troubledAt, untilMs);
  }

  protected nextFault(sql: string): StatementFault | undefined {
    let fault = this.#faults.shift();
    if (this.#failing[0]?.pattern.test(sql)) fault = this.#failing.shift()!.fault;
    if (fault !== undefined) this.trouble();
    return fault;
  }

  /** Returns what kills the process in this statement, if that is due. */
  protected deathIn(sql: string): (() => void) | undefined {
    const dying = this.#dying;
    if (dying === undefined || !dying.pattern.test(sql) || --dying.left > 0) return undefined;
    this.#dying = undefined;
    return dying.die;
  }
}

/** A pool of connections to PostgreSQL. */
export class PostgresClient extends DatabaseClient {
  readonly value: OutboxDatabase;

  constructor(database: SimulatedDatabase, process: SimulatedProcess, random: Random) {
    super(database, process, random);
    this.value = this.#shape(async (sql, params) => {
      this.onStatement(sql);
      const rows = await this.#exchange(sql, () => this.#alone(sql, params));
      this.onRows(rows);
      return rows;
    });
  }

  async transaction(
    work: (database: OutboxDatabase) => Promise<void>,
    end: "COMMIT" | "ROLLBACK",
  ): Promise<void> {
    let tx!: Transaction;
    await this.#exchange("BEGIN", async () => {
      tx = this.database.begin(this.process);
      return await [];
    });
    try {
      await work(
        this.#shape((sql, params) => this.#exchange(sql, () => this.#drive(tx, sql, params))),
      );
      await this.#exchange(end, async () => {
        if (end === "COMMIT") this.database.commit(tx);
        else this.database.rollback(tx);
        return await [];
      });
    } catch (error) {
      // The program closes the connection.
      if (!tx.isOver) this.#later(this.random.between(1, 20), () => this.database.rollback(tx));
      throw error;
    }
  }

  ended(isPowerLoss: boolean): void {
    const ms = isPowerLoss ? GONE_MS : this.random.between(1, 20);
    this.#later(ms, () => this.database.abort(this.process));
  }

  /** A statement outside a transaction. */
  async #alone(sql: string, params: readonly unknown[]): Promise<RowState[]> {
    const { database, random } = this;
    const tx = database.begin(this.process);
    try {
      const rows = await this.#drive(tx, sql, params);
      // Its locks are held until then.
      await new Promise<void>((resolve) => this.#later(random.between(1, 10), resolve));
      database.commit(tx);
      return rows;
    } catch (error) {
      database.rollback(tx);
      throw error;
    }
  }

  async #drive(tx: Transaction, sql: string, params: readonly unknown[]): Promise<RowState[]> {
    const steps = this.database.execute(tx, sql, params);
    for (;;) {
      if (tx.isOver) throw new DatabaseError("terminating connection");
      const step = steps.next();
      if (step.done === true) return step.value;
      await step.value.ended.promise;
    }
  }

  /** Sends a statement to the database, and waits for its reply. */
  #exchange(sql: string, execute: () => Promise<RowState[]>): Promise<RowState[]> {
    const { process, random } = this;
    if (process.isDead) return new Promise(() => {});
    const death = this.deathIn(sql);
    const dies = death === undefined ? undefined : random.pick(["before", "after"] as const);
    if (dies === "before") {
      death!();
      if (process.isDead) return new Promise(() => {});
    }
    const { timeline } = process;
    const fault = this.nextFault(sql);
    const { promise, resolve, reject } = deferred<RowState[]>();
    this.failing(timeline.now);
    const fail = (message: string, ms: number) =>
      void process.schedule(ms, () => {
        this.trouble();
        this.failing(timeline.now);
        reject(new DatabaseError(message));
      });
    if (timeline.now < this.unreachableUntil) {
      this.trouble(this.unreachableUntil);
      if (random.chance(0.7)) fail("connection refused", random.between(1, 5));
      else fail("timeout expired", random.between(1000, 10_000));
      return promise;
    }
    if (fault === "request lost") {
      fail("Connection terminated unexpectedly", random.between(1, 200));
      return promise;
    }
    const slowMs = fault === "slow" ? random.int(SLOW_MS) : 0;
    if (slowMs > 0) this.trouble(timeline.now + slowMs);
    this.#later(random.between(1, 3) + random.int(slowMs + 1), () => {
      // What a killed program had written may not arrive.
      if (process.isDead && random.chance(0.5)) return;
      if (fault === "error") return fail("could not serialize access", random.between(1, 3));
      execute().then((rows) => {
        if (dies === "after") death!();
        if (fault === "reply lost" || timeline.now < this.unreachableUntil) {
          return fail("Connection terminated unexpectedly", random.between(1, 200));
        }
        if (fault === "silent") {
          this.trouble(timeline.now + SILENT_MS);
          return fail("read ETIMEDOUT", SILENT_MS);
        }
        process.schedule(random.between(1, 3) + random.int(slowMs + 1), () => {
          this.succeeded();
          resolve(rows);
        });
      }, ({ message }) => fail(message, random.between(1, 3)));
    });
    return promise;
  }

  #later(ms: number, callback: () => void): void {
    const { timeline } = this.process;
    timeline.at(timeline.now + ms, callback);
  }

  /** Returns the statement function in the shape of a driver. */
  #shape(query: (sql: string, params: readonly unknown[]) => Promise<RowState[]>): OutboxDatabase {
    const texts = async (sql: string, params: readonly unknown[]) =>
      (await query(sql, params)).map(({ id, job }) => ({ id: String(id), job }));
    return this.random.chance(0.5)
      ? { unsafe: texts }
      : { query: async (sql, params) => ({ rows: await texts(sql, params) }) };
  }
}

/** A connection to a file of SQLite, on which a program also opens its transactions. */
export class SqliteClient extends DatabaseClient {
  readonly value: OutboxDatabase & { isTransaction: boolean };
  #tx: Transaction | undefined;

  constructor(database: SimulatedDatabase, process: SimulatedProcess, random: Random) {
    super(database, process, random);
    const tx = () => this.#tx;
    this.value = {
      get isTransaction() {
        return tx() !== undefined;
      },
      prepare: (sql) => ({ all: (...params) => this.#run(sql, params) }),
    };
  }

  async transaction(
    work: (database: OutboxDatabase) => Promise<void>,
    end: "COMMIT" | "ROLLBACK",
  ): Promise<void> {
    const tx = this.#tx = this.database.begin(this.process);
    let isCommitted = false;
    try {
      await work(this.value);
      if (this.process.isDead) return await new Promise(() => {});
      const death = this.deathIn(end);
      if (death !== undefined && this.random.chance(0.5)) return death();
      const fault = this.nextFault(end);
      if (fault !== undefined) throw new DatabaseError("disk I/O error");
      if (end === "COMMIT") {
        this.database.commit(tx);
        isCommitted = true;
      }
      death?.();
    } finally {
      if (!this.process.isDead && !isCommitted) this.database.rollback(tx);
      if (!this.process.isDead) this.#tx = undefined;
    }
  }

  ended(): void {
    this.database.abort(this.process);
  }

  #run(sql: string, params: readonly unknown[]): { id: number; job: string }[] {
    const { process, database, random } = this;
    // The code of a killed program runs on until the turn ends.
    if (process.isDead) throw new DatabaseError("the process is dead");
    if (this.#tx === undefined) this.onStatement(sql);
    const death = this.deathIn(sql);
    if (death !== undefined && random.chance(0.5)) {
      death();
      if (process.isDead) throw new DatabaseError("the process is dead");
    }
    const fault = this.nextFault(sql);
    const isUnreachable = process.timeline.now < this.unreachableUntil;
    if (isUnreachable || fault !== undefined && fault !== "slow") {
      this.trouble();
      this.failing(process.timeline.now);
      throw new DatabaseError("disk I/O error");
    }
    // The whole program waits.
    if (fault === "slow") this.pause(random.int(SLOW_MS));
    const { writer } = database;
    if (writer !== undefined && writer !== this.#tx) {
      this.trouble();
      this.failing(process.timeline.now);
      throw new DatabaseError("database is locked");
    }
    const tx = this.#tx ?? database.begin(process);
    const step = database.execute(tx, sql, params).next();
    if (step.done !== true) throw new DatabaseError("database is locked");
    if (tx !== this.#tx) database.commit(tx);
    this.succeeded();
    death?.();
    if (tx !== this.#tx) this.onRows(step.value);
    return step.value.map(({ id, job }) => ({ id, job }));
  }
}
