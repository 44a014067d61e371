import type { PlantedFault } from "./fault.ts";

/** Faults of the outbox and its relays. */
export const outboxFaults: readonly PlantedFault[] = [
  {
    name: "relays do not lock the rows that they claim",
    file: "src/outbox/statements.ts",
    find: "ORDER BY id LIMIT $3::int FOR UPDATE SKIP LOCKED",
    replace: "ORDER BY id LIMIT $3::int",
  },
  {
    name: "a relay claims rows that another one has claimed",
    file: "src/outbox/statements.ts",
    find:
      "SELECT id FROM ${table} WHERE error IS NULL AND (claimed_until IS NULL OR claimed_until < now())",
    replace: "SELECT id FROM ${table} WHERE error IS NULL",
  },
  {
    name: "the rows of a dead relay are not taken over",
    file: "src/outbox/statements.ts",
    find:
      "SELECT id FROM ${table} WHERE error IS NULL AND (claimed_until IS NULL OR claimed_until < now())",
    replace: "SELECT id FROM ${table} WHERE error IS NULL AND claimed_until IS NULL",
  },
  {
    name: "jobs are inserted in any order",
    file: "src/outbox/statements.ts",
    find: "WITH ORDINALITY AS list(item, place)\nORDER BY place`",
    replace: "WITH ORDINALITY AS list(item, place)`",
  },
  {
    name: "a relay pushes rows in the order in which the database returns them",
    file: "src/outbox/relay.ts",
    find: "const rows = [...claimed].sort((a, b) => Number(a.id) - Number(b.id));",
    replace: "const rows = [...claimed];",
  },
  {
    name: "a relay claims rows in a transaction of its program",
    file: "src/outbox/relay.ts",
    find: "if (this.#isStopped || this.#connection.isInTransaction()) return 0;",
    replace: "if (this.#isStopped) return 0;",
  },
  {
    name: "a relay deletes rows in a transaction of its program",
    file: "src/outbox/push_results.ts",
    find: "if (this.#done.size > 0 && !database.isInTransaction()) {",
    replace: "if (this.#done.size > 0) {",
  },
  {
    name: "a job that was perhaps not sent counts as pushed",
    file: "src/outbox/relay.ts",
    find: "if (error === undefined || error instanceof NotUniqueError) this.#results",
    replace: 'if (error?.code !== "SERVER_ERROR" || error instanceof NotUniqueError) this.#results',
  },
  {
    name: "a relay forgets what it has pushed if the deletion fails",
    file: "src/outbox/push_results.ts",
    find:
      "await database.query(statements.remove, [JSON.stringify(ids)]);\n      for (const id of ids) this.#done.delete(id);",
    replace:
      "for (const id of ids) this.#done.delete(id);\n      await database.query(statements.remove, [JSON.stringify(ids)]);",
  },
  {
    name: "a relay releases the rows that it has pushed if the deletion fails",
    file: "src/outbox/relay.ts",
    find: "const ids = rows.map(idOf).filter((id) => !this.#results.has(id));",
    replace: "const ids = rows.map(idOf);",
  },
  {
    name: "a relay does not extend its claims",
    file: "src/outbox/held_rows.ts",
    find: "this.#extend().catch(() => {});",
    replace: "",
  },
  {
    name: "a relay keeps rows that it could not push",
    file: "src/outbox/relay.ts",
    find: "if (!this.#abandon.signal.aborted) await this.#release(rows);",
    replace: "",
  },
  {
    name: "jobs behind refused ones are not pushed",
    file: "src/outbox/relay.ts",
    find: "? Math.min(2 * this.#limit, MAX_BATCH_SIZE)",
    replace: "? this.#batchSize",
  },
  {
    name: "a job of the outbox loses its time",
    file: "src/outbox/relay.ts",
    find: "return { jid, type, args, queue, retry, at, reserveFor, backtrace, custom, createdAt };",
    replace: "return { jid, type, args, queue, retry, reserveFor, backtrace, custom, createdAt };",
  },
  {
    name: "a job that is pushed again has another creation time",
    file: "src/outbox/relay.ts",
    find: "return { jid, type, args, queue, retry, at, reserveFor, backtrace, custom, createdAt };",
    replace: "return { jid, type, args, queue, retry, at, reserveFor, backtrace, custom };",
  },
  {
    name: "a stop of a relay waits for the database without a limit",
    file: "src/outbox/relay.ts",
    find: "this.#abandon.abort();\n      gaveUp.resolve();",
    replace: "this.#abandon.abort();",
  },
  {
    name: "a relay writes after its stop",
    file: "src/outbox/relay.ts",
    find: "if (this.#isClosed) {",
    replace: "if (this.#limit === 0) {",
  },
  {
    name: "a stop of a relay leaves a timer",
    file: "src/outbox/relay.ts",
    find: "this.#endWait();\n    this.#held.close();\n    cancel();",
    replace: "this.#endWait();\n    cancel();",
  },
  {
    name: "a relay that is stopped goes on",
    file: "src/outbox/relay.ts",
    find: "    this.#isStopped = true;\n",
    replace: "",
  },
];
