import type { FaktoryError } from "../errors.ts";
import type { Emitter } from "../events.ts";
import type { Connection } from "./database.ts";
import type { HeldRows } from "./held_rows.ts";
import type { RelayEvents } from "./relay_events.ts";
import type { Statements } from "./statements.ts";

/** Parts of {@linkcode PushResults}. */
export interface PushResultsParts {
  readonly database: Connection;
  readonly statements: Statements;
  readonly held: HeldRows;
  readonly events: Emitter<RelayEvents>;
}

/** A job that Faktory or the producer's catalogue has refused. */
interface Refusal {
  readonly jid: string;
  readonly error: FaktoryError;
}

/**
 * The results of pushed jobs. They are kept until the table has them: a failed statement is no
 * reason to push a job again.
 */
export class PushResults {
  /** Number of jobs that were pushed and deleted, and that were refused. */
  pushed = 0;
  rejected = 0;
  readonly #parts: PushResultsParts;
  /** By the id of the row. */
  readonly #done = new Set<string>();
  readonly #refused = new Map<string, Refusal>();

  constructor(parts: PushResultsParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#done.size + this.#refused.size === 0;
  }

  has(id: string): boolean {
    return this.#done.has(id) || this.#refused.has(id);
  }

  done(id: string): void {
    this.#done.add(id);
  }

  refused(id: string, jid: string, error: FaktoryError): void {
    this.#refused.set(id, { jid, error });
  }

  /**
   * Deletes the rows of pushed jobs, and writes the error of refused ones. Does nothing in an open
   * transaction of the program, as that may be rolled back.
   *
   * @throws The error of the database. The results are kept.
   */
  async record(): Promise<void> {
    const { database, statements, held, events } = this.#parts;
    if (this.#done.size > 0 && !database.isInTransaction()) {
      const ids = [...this.#done];
      await database.query(statements.remove, [JSON.stringify(ids)]);
      for (const id of ids) this.#done.delete(id);
      held.remove(ids);
      this.pushed += ids.length;
      events.emit("push", { count: ids.length });
    }
    if (this.#refused.size > 0 && !database.isInTransaction()) {
      const all = [...this.#refused];
      const list = all.map(([id, { error: { code, message } }]) => ({
        id,
        error: `${code}: ${message}`,
      }));
      await database.query(statements.reject, [JSON.stringify(list)]);
      for (const [id] of all) this.#refused.delete(id);
      held.remove(all.map(([id]) => id));
      this.rejected += all.length;
      for (const [, refusal] of all) events.emit("reject", refusal);
    }
  }
}
