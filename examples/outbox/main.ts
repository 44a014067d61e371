/** `main.ts FILE`: stores orders in a database, and enqueues a job for each committed order. */

import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { Consumer, Producer } from "@faktory-ts/faktory";
import { Outbox } from "@faktory-ts/faktory/outbox";
import { FaktoryServer } from "@faktory-ts/faktory/server";

const [file = "orders.db"] = process.argv.slice(2);
const db = new DatabaseSync(file);
db.exec("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, item TEXT, amount INTEGER)");
const outbox = new Outbox();
await outbox.createTable(db);

/** Stores the order and its job: both, or neither. */
function order(item: string, amount: number): void {
  db.exec("BEGIN");
  try {
    const [row] = db.prepare("INSERT INTO orders (item, amount) VALUES (?, ?) RETURNING id")
      .all(item, amount);
    outbox.insertSync(db, [{ type: "ship", args: [row!.id, item] }]);
    if (amount > 100) throw new Error(`${amount} of ${item} are too many`);
    db.exec("COMMIT");
    console.log(`ordered ${amount} of ${item}`);
  } catch (error) {
    db.exec("ROLLBACK");
    console.log(`refused: ${(error as Error).message}`);
  }
}

// Orders do not need Faktory: it is not running yet.
order("cup", 2);
order("plate", 500);
order("bowl", 1);

// If you run a Faktory server, remove the server and `url`.
await using server = await FaktoryServer.start({ port: 0 });
const { url } = server;
await using producer = await Producer.connect({ url });
const relay = outbox.relay(db, producer);
relay.on("error", ({ error }) => console.error("The relay tries again:", error));
const { pushed } = await relay.drain();
console.log(`pushed ${pushed} jobs`);

const consumer = new Consumer({ url, concurrency: 1 });
consumer.register("ship", ({ args: [id, item] }) => console.log(`shipped order ${id}: ${item}`));
await consumer.run({ maxJobs: pushed });

await relay.stop();
db.close();
