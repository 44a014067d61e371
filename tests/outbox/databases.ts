import pg from "pg";
import postgres from "postgres";
import type { OutboxDatabase, QueryFunction } from "../../src/outbox/mod.ts";
import { builtinModule } from "../../src/internal/environment.ts";
import { noSqlite } from "../server/data.ts";
import { noPostgres, type PostgresServer } from "./postgres_server.ts";

/** A test's database, before the outbox's table is created. */
export interface TestDatabase {
  /** The value for `relay()`. */
  readonly database: OutboxDatabase;
  /** Runs a statement outside the outbox. */
  readonly query: QueryFunction;
  /** Runs `work` in a transaction, which is rolled back if it throws. */
  transaction(work: (tx: OutboxDatabase) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** A driver under test. */
export interface Driver {
  readonly name: string;
  readonly dialect: "postgres" | "sqlite";
  readonly skip: string | false;
  open(server: PostgresServer | undefined): TestDatabase;
}

/** The used part of `node:sqlite`. */
interface DatabaseSync {
  exec(sql: string): void;
  prepare(sql: string): { all(...params: unknown[]): object[] };
  close(): void;
}

export function openSqlite(path = ":memory:"): DatabaseSync {
  const { DatabaseSync } = builtinModule<{ DatabaseSync: new (path: string) => DatabaseSync }>(
    "node:sqlite",
  )!;
  return new DatabaseSync(path);
}

export const drivers: readonly Driver[] = [
  {
    name: "node:sqlite",
    dialect: "sqlite",
    skip: noSqlite,
    open() {
      const db = openSqlite();
      return {
        database: db,
        query: (sql, params) => Promise.resolve(db.prepare(sql).all(...params)),
        async transaction(work) {
          db.exec("BEGIN");
          try {
            await work(db);
          } catch (error) {
            db.exec("ROLLBACK");
            throw error;
          }
          db.exec("COMMIT");
        },
        close: () => Promise.resolve(db.close()),
      };
    },
  },
  {
    name: "pg",
    dialect: "postgres",
    skip: noPostgres,
    open(server) {
      const pool = new pg.Pool({ ...server!.pg, max: 4 });
      return {
        database: pool,
        query: async (sql, params) => (await pool.query(sql, [...params])).rows,
        async transaction(work) {
          const client = await pool.connect();
          try {
            await client.query("BEGIN");
            await work(client);
            await client.query("COMMIT");
          } catch (error) {
            await client.query("ROLLBACK");
            throw error;
          } finally {
            client.release();
          }
        },
        close: () => pool.end(),
      };
    },
  },
  {
    name: "postgres",
    dialect: "postgres",
    skip: noPostgres,
    open(server) {
      const sql = postgres({ ...server!.postgres, max: 4 });
      return {
        database: sql,
        query: (text, params) => sql.unsafe(text, [...params] as string[]),
        async transaction(work) {
          await sql.begin((tx) => work(tx));
        },
        close: () => sql.end(),
      };
    },
  },
];
