/**
 * A transactional outbox: jobs are inserted into a table in your database transaction, and a relay
 * pushes them to Faktory after the commit. No job is lost if the program crashes after the commit,
 * and no job is enqueued if the transaction rolls back.
 *
 * @example Enqueue a job in a SQLite transaction
 * ```ts
 * import { Consumer, Producer } from "@faktory-ts/faktory";
 * import { Outbox } from "@faktory-ts/faktory/outbox";
 * import { FaktoryServer } from "@faktory-ts/faktory/server";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const db = new DatabaseSync(":memory:");
 * const outbox = new Outbox();
 * await outbox.createTable(db);
 *
 * db.exec("BEGIN");
 * outbox.insertSync(db, [{ type: "welcome", args: ["ada@example.com"] }]);
 * db.exec("COMMIT");
 *
 * await using server = await FaktoryServer.start({ port: 0 });
 * await using producer = await Producer.connect({ url: server.url });
 * await using relay = outbox.relay(db, producer);
 * console.assert((await relay.drain()).pushed === 1);
 * ```
 *
 * @module
 */

export { Outbox } from "./outbox.ts";
export type { OutboxOptions } from "./outbox.ts";
export type { OutboxRelay, RelayOptions, RelayReport, StopRelayOptions } from "./relay.ts";
export type { RelayEvents } from "./relay_events.ts";
export type {
  OutboxDatabase,
  PgDatabase,
  PostgresDatabase,
  QueryFunction,
  SqliteDatabase,
} from "./database.ts";
export type { Dialect } from "./statements.ts";
