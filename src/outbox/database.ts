import { ConfigError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import type { Dialect } from "./statements.ts";

/**
 * A function that runs a statement with parameters and resolves to the rows. For drivers and query
 * builders that are not supported directly.
 */
export type QueryFunction = (
  sql: string,
  params: readonly unknown[],
) => PromiseLike<readonly object[]>;

/**
 * A `Pool`, `Client` or `PoolClient` of the package `pg`, or another object with such a `query`.
 */
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
 * The database of the outbox: a connection, pool or transaction of a driver, or a function that
 * runs a statement.
 */
export type OutboxDatabase = QueryFunction | PgDatabase | PostgresDatabase | SqliteDatabase;

/** A database, as the outbox uses it. */
export interface Connection {
  readonly dialect: Dialect;
  /** Runs a statement. Throws or rejects with the driver's error. */
  query(sql: string, params: readonly unknown[]): PromiseLike<readonly object[]>;
  /** Returns true if this connection has an open transaction, as far as the driver knows. */
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
      "Cannot use the database as it is neither one of pg, postgres, node:sqlite, better-sqlite3 or " +
        `bun:sqlite nor a function: got ${showValue(database)}`,
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

/** Returns true if the driver is one for SQLite. These are synchronous. */
export function isSqlite(database: unknown): database is SqliteDatabase {
  // A transaction of `postgres` has a `prepare` too.
  return has<SqliteDatabase>(database, "prepare") && !has<PostgresDatabase>(database, "unsafe");
}

/** Runs a statement in SQLite. */
export function querySync(
  database: SqliteDatabase,
  sql: string,
  params: readonly unknown[],
): readonly object[] {
  const statement = database.prepare(sql) as ReturnType<SqliteDatabase["prepare"]> & {
    reader?: boolean;
    run(...params: unknown[]): unknown;
  };
  // better-sqlite3 refuses `all` for statements without rows.
  if (statement.reader !== false) return statement.all(...params) as object[];
  statement.run(...params);
  return [];
}

/**
 * Returns true in an open transaction. `node:sqlite` (Node 24, Deno) and the other two drivers have
 * different names for this property.
 */
function inTransaction(database: object): boolean {
  const { isTransaction, inTransaction } = database as Record<string, unknown>;
  return isTransaction === true || inTransaction === true;
}

function has<T>(database: unknown, method: keyof T & string): database is T {
  return (typeof database === "object" && database !== null || typeof database === "function") &&
    typeof (database as Record<string, unknown>)[method] === "function";
}
