import { ConfigError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import type { Dialect } from "./statements.ts";

/**
 * Runs one statement with its parameters, and resolves to its rows: for a driver or query builder
 * not listed here.
 */
export type QueryFunction = (
  sql: string,
  params: readonly unknown[],
) => PromiseLike<readonly object[]>;

/** A `Pool`, `Client` or `PoolClient` of the package `pg`, or what has its `query`. */
export interface PgDatabase {
  /** Runs a statement. */
  // `any[]`, as in the types of `pg`.
  // deno-lint-ignore no-explicit-any
  query(sql: string, params: any[]): PromiseLike<{ rows: any[] }>;
}

/** An `sql` of the package `postgres`, also that of a transaction. */
export interface PostgresDatabase {
  /** Runs a statement. */
  // deno-lint-ignore no-explicit-any
  unsafe(sql: string, params: any[]): PromiseLike<readonly any[]>;
}

/** A `DatabaseSync` of `node:sqlite`, or a `Database` of `better-sqlite3` or `bun:sqlite`. */
export interface SqliteDatabase {
  /** Prepares a statement. */
  // deno-lint-ignore no-explicit-any
  prepare(sql: string): { all(...params: any[]): unknown[] };
}

/**
 * Where the outbox is: a connection, pool or transaction of a driver, or a function that runs a
 * statement.
 */
export type OutboxDatabase = QueryFunction | PgDatabase | PostgresDatabase | SqliteDatabase;

/** A database as the outbox uses it. */
export interface Connection {
  readonly dialect: Dialect;
  /** Throws, or rejects, with the error of the driver. */
  query(sql: string, params: readonly unknown[]): PromiseLike<readonly object[]>;
  /** Whether a transaction is open on this very connection, where the driver tells. */
  isInTransaction(): boolean;
}

/**
 * Recognizes the driver of `database` by its methods.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function connectionOf(database: unknown, dialect: Dialect | undefined): Connection {
  if (has<PostgresDatabase>(database, "unsafe")) {
    return {
      dialect: "postgres",
      query: (sql, params) => database.unsafe(sql, [...params]),
      isInTransaction: () => false,
    };
  }
  if (isSqlite(database)) {
    return {
      dialect: "sqlite",
      query: (sql, params) => Promise.resolve(querySync(database, sql, params)),
      isInTransaction: () => inTransaction(database),
    };
  }
  if (has<PgDatabase>(database, "query")) {
    return {
      dialect: "postgres",
      query: async (sql, params) => (await database.query(sql, [...params])).rows,
      isInTransaction: () => false,
    };
  }
  if (typeof database !== "function") {
    throw new ConfigError(
      "INVALID_OPTION",
      "Cannot use the database as it is neither of the drivers pg, postgres, node:sqlite, better-sqlite3 " +
        `and bun:sqlite nor a function: got ${showValue(database)}`,
    );
  }
  if (dialect === undefined) {
    throw new ConfigError(
      "INVALID_OPTION",
      'Cannot use a function as the database without the option dialect: "postgres" or "sqlite"',
    );
  }
  return { dialect, query: database as QueryFunction, isInTransaction: () => false };
}

/** Whether `database` is one of SQLite's drivers, which are synchronous. */
export function isSqlite(database: unknown): database is SqliteDatabase {
  // A transaction of `postgres` has a `prepare` as well.
  return has<SqliteDatabase>(database, "prepare") && !has<PostgresDatabase>(database, "unsafe");
}

/** Runs one statement of SQLite. */
export function querySync(
  database: SqliteDatabase,
  sql: string,
  params: readonly unknown[],
): readonly object[] {
  const statement = database.prepare(sql) as ReturnType<SqliteDatabase["prepare"]> & {
    reader?: boolean;
    run(...params: unknown[]): unknown;
  };
  // better-sqlite3 refuses `all` for a statement without rows.
  if (statement.reader !== false) return statement.all(...params) as object[];
  statement.run(...params);
  return [];
}

/** `node:sqlite` (Node 24, Deno) and the other two drivers have different names for it. */
function inTransaction(database: object): boolean {
  const { isTransaction, inTransaction } = database as Record<string, unknown>;
  return isTransaction === true || inTransaction === true;
}

function has<T>(database: unknown, method: keyof T & string): database is T {
  return (typeof database === "object" && database !== null || typeof database === "function") &&
    typeof (database as Record<string, unknown>)[method] === "function";
}
