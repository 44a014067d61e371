import { invalidOption } from "../connection/options.ts";
import { InvalidArgumentError, type InvalidJobError } from "../errors.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import { type EncodedJob, encodeJob } from "../job/encode.ts";
import type { JobInput } from "../job/job.ts";
import { withIndex } from "../job/job_source.ts";
import { JobCatalogue } from "../job/job_catalogue.ts";
import type { TypedJob } from "../job/typed.ts";
import type { Producer } from "../producer/producer.ts";
import {
  connectionOf,
  isSqlite,
  type OutboxDatabase,
  querySync,
  type SqliteDatabase,
} from "./database.ts";
import { OutboxRelay, RELAY_OPTIONS, type RelayOptions } from "./relay.ts";
import { type Dialect, statements } from "./statements.ts";

/** Options of an {@linkcode Outbox}. */
export interface OutboxOptions<Jobs extends JobDefinitions = JobDefinitions> {
  /**
   * The name of the table, with its schema if that is not in the search path.
   *
   * @default "faktory_outbox"
   */
  readonly table?: string | undefined;
  /**
   * The catalogue of jobs, made by `defineJobs`. With it, jobs are typed and checked and get their
   * defaults.
   *
   * @default any job
   */
  readonly jobs?: Jobs | undefined;
  /** The kind of database, if it is passed as a function. @default that of the driver */
  readonly dialect?: Dialect | undefined;
}

const OUTBOX_OPTIONS = {
  table: true,
  jobs: true,
  dialect: true,
} as const satisfies OptionNames<OutboxOptions>;

const TABLE_NAME = /^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$/;

/**
 * A table of jobs that wait to be pushed to Faktory. You insert jobs in your transaction, and
 * {@linkcode Outbox.relay} pushes the committed ones.
 *
 * Delivery is at least once: if a relay crashes between pushing a job and deleting its row, another
 * relay pushes the job again, with the same jid.
 *
 * @example Insert a user and a job in one transaction
 * ```ts ignore
 * import { Outbox } from "@faktory-ts/faktory/outbox";
 * import postgres from "postgres";
 *
 * const sql = postgres();
 * const outbox = new Outbox();
 * await outbox.createTable(sql);
 *
 * await sql.begin(async (tx) => {
 *   await tx`INSERT INTO users (email) VALUES ('ada@example.com')`;
 *   await outbox.insert(tx, [{ type: "welcome", args: ["ada@example.com"] }]);
 * });
 * ```
 */
export class Outbox<Jobs extends JobDefinitions = JobDefinitions> {
  readonly #table: string;
  readonly #dialect: Dialect | undefined;
  readonly #catalogue: JobCatalogue | undefined;

  /**
   * Creates an outbox. This does not connect to the database.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  constructor(options: OutboxOptions<Jobs> = {}) {
    checkOptionNames(options, OUTBOX_OPTIONS, "Outbox");
    const { table = "faktory_outbox", dialect, jobs } = options;
    if (typeof table !== "string" || !TABLE_NAME.test(table)) {
      throw invalidOption("table", "a name of letters, digits, _ and $", table);
    }
    if (dialect !== undefined && dialect !== "postgres" && dialect !== "sqlite") {
      throw invalidOption("dialect", '"postgres" or "sqlite"', dialect);
    }
    this.#table = table;
    this.#dialect = dialect;
    this.#catalogue = JobCatalogue.of(jobs);
  }

  /** Returns the statement that creates the table, for your migrations. */
  tableSql(dialect: Dialect): string {
    return statements(dialect, this.#table).createTable;
  }

  /**
   * Creates the table if it does not exist.
   *
   * @throws The error of the database.
   */
  async createTable(database: OutboxDatabase): Promise<void> {
    const connection = connectionOf(database, this.#dialect);
    await connection.query(statements(connection.dialect, this.#table).createTable, []);
  }

  /**
   * Inserts jobs with one statement, in the open transaction of `database`. Each job is checked
   * like in `enqueue`.
   *
   * @returns The jids, in the order of the jobs.
   * @throws {InvalidJobError} For the first invalid job. Nothing is inserted.
   */
  async insert(database: OutboxDatabase, jobs: Iterable<TypedJob<Jobs>>): Promise<string[]> {
    const connection = connectionOf(database, this.#dialect);
    const encoded: EncodedJob[] = [];
    for (const [index, job] of list(jobs).entries()) {
      const { checking, ...row } = this.#encode(job, index);
      encoded.push(row);
      await checking;
    }
    const { insert } = statements(connection.dialect, this.#table);
    if (encoded.length > 0) await connection.query(insert, [rows(encoded)]);
    return encoded.map(({ jid }) => jid);
  }

  /**
   * Inserts jobs synchronously. For SQLite, whose transactions are often synchronous functions.
   *
   * @throws {InvalidJobError} For the first invalid job. Nothing is inserted.
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` for other databases, or if a schema validates
   * asynchronously.
   */
  insertSync(database: SqliteDatabase, jobs: Iterable<TypedJob<Jobs>>): string[] {
    if (!isSqlite(database)) throw notSync("the database is not one of SQLite's drivers");
    const encoded = list(jobs).map((job, index) => {
      const { checking, ...row } = this.#encode(job, index);
      if (checking === undefined) return row;
      checking.catch(() => {});
      throw notSync("the schema of the job validates asynchronously");
    });
    const { insert } = statements("sqlite", this.#table);
    if (encoded.length > 0) querySync(database, insert, [rows(encoded)]);
    return encoded.map(({ jid }) => jid);
  }

  /**
   * Starts a relay, which pushes the jobs of committed transactions with `producer` and deletes
   * their rows. Several relays, in one or many processes, can share a table. Pass a pool or a
   * separate connection: on a connection with an open transaction, a relay would see jobs that are
   * not committed.
   *
   * @throws {ConfigError} `INVALID_OPTION`.
   */
  relay(
    database: OutboxDatabase,
    // Accepts any catalogue, because the jobs were checked when they were inserted.
    // deno-lint-ignore no-explicit-any
    producer: Producer<any>,
    options: RelayOptions = {},
  ): OutboxRelay {
    checkOptionNames(options, RELAY_OPTIONS, "relay");
    const connection = connectionOf(database, this.#dialect);
    return new OutboxRelay({
      connection,
      statements: statements(connection.dialect, this.#table),
      producer,
      options,
    });
  }

  #encode(job: JobInput, index: number): EncodedJob & { checking: Promise<unknown> | undefined } {
    try {
      const filled = this.#catalogue?.fill(job) ?? job;
      return { ...encodeJob(filled), checking: this.#catalogue?.check(filled) };
    } catch (error) {
      throw withIndex(error as InvalidJobError, index);
    }
  }
}

function list(jobs: unknown): readonly JobInput[] {
  if (typeof jobs === "object" && jobs !== null && Symbol.iterator in jobs) {
    return [...jobs as Iterable<JobInput>];
  }
  throw new InvalidArgumentError(
    "INVALID_ARGUMENT",
    "Cannot insert jobs as they are not an array or another iterable",
  );
}

function rows(jobs: readonly EncodedJob[]): string {
  return JSON.stringify(jobs.map(({ jid, json }) => ({ jid, job: json })));
}

function notSync(reason: string): InvalidArgumentError {
  return new InvalidArgumentError(
    "INVALID_ARGUMENT",
    `Cannot insert jobs synchronously as ${reason}: use insert()`,
  );
}
