import { type Deferred, deferred } from "../../../src/internal/deferred.ts";
import type { SimulatedProcess } from "../process.ts";
import type { Random } from "../random.ts";
import {
  listOf,
  parseSql,
  type RowState,
  type Selection,
  type Statement,
  type Values,
} from "./sql.ts";

/** A row, as it is committed and as an open transaction has changed it. */
interface StoredRow {
  /** `undefined` if its transaction has inserted it. */
  committed: RowState | undefined;
  /** `undefined` if its transaction has deleted it. */
  pending: RowState | undefined;
  /** The transaction that has locked it. */
  tx: Transaction | undefined;
}

/** An open or ended transaction. A statement outside a transaction has its own. */
export class Transaction {
  readonly process: SimulatedProcess;
  /** The time of the database when it began, in ms since 1970. */
  readonly now: number;
  readonly rows = new Set<StoredRow>();
  readonly ended: Deferred<void> = deferred();
  isOver = false;

  constructor(process: SimulatedProcess, now: number) {
    this.process = process;
    this.now = now;
  }
}

/** Called with what happens to the rows. */
export interface DatabaseListener {
  /** A transaction has inserted a row. */
  inserted(row: RowState): void;
  /** A transaction was committed that has changed a row: inserted it, changed it or deleted it. */
  committed(before: RowState | undefined, after: RowState | undefined, by: SimulatedProcess): void;
  /** A transaction was rolled back that had inserted a row. */
  rolledBack(row: RowState): void;
}

/** An error of the database or of the connection to it. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
}

/**
 * The outbox's table in a database, with transactions at the level READ COMMITTED and locks of
 * rows, as PostgreSQL has them. SQLite is the same with one lock for all rows.
 */
export class SimulatedDatabase {
  /** The machine of the database, with its clock. */
  readonly process: SimulatedProcess;
  readonly #random: Random;
  readonly #listener: DatabaseListener;
  readonly #rows = new Map<number, StoredRow>();
  readonly #open = new Set<Transaction>();
  #lastId = 0;

  constructor(process: SimulatedProcess, random: Random, listener: DatabaseListener) {
    this.process = process;
    this.#random = random;
    this.#listener = listener;
  }

  /** The committed rows. */
  get rows(): RowState[] {
    return [...this.#rows.values()].flatMap(({ committed }) => committed ?? []);
  }

  /** The transaction that has changed rows, if there is one. */
  get writer(): Transaction | undefined {
    for (const tx of this.#open) if (tx.rows.size > 0) return tx;
    return undefined;
  }

  begin(process: SimulatedProcess): Transaction {
    const tx = new Transaction(process, this.process.now());
    this.#open.add(tx);
    return tx;
  }

  /** @throws {DatabaseError} if the transaction has been rolled back. */
  commit(tx: Transaction): void {
    if (tx.isOver) throw new DatabaseError("terminating connection");
    const changes = [...tx.rows].map((row) => [row.committed, row.pending] as const);
    for (const row of tx.rows) {
      const { id } = (row.committed ?? row.pending)!;
      row.committed = row.pending;
      row.pending = row.tx = undefined;
      if (row.committed === undefined) this.#rows.delete(id);
    }
    this.#end(tx);
    for (const [before, after] of changes) {
      if (before !== undefined || after !== undefined) {
        this.#listener.committed(before, after, tx.process);
      }
    }
  }

  rollback(tx: Transaction): void {
    if (tx.isOver) return;
    for (const row of tx.rows) {
      const { committed, pending } = row;
      row.pending = row.tx = undefined;
      if (committed !== undefined || pending === undefined) continue;
      this.#rows.delete(pending.id);
      this.#listener.rolledBack(pending);
    }
    this.#end(tx);
  }

  /** Rolls back the open transactions, or those of a process that has ended. */
  abort(process?: SimulatedProcess): void {
    for (const tx of [...this.#open]) {
      if (process === undefined || tx.process === process) this.rollback(tx);
    }
  }

  /**
   * Executes a statement in a transaction. Yields each transaction whose end it has to wait for,
   * and returns the rows of its result.
   */
  *execute(
    tx: Transaction,
    sql: string,
    params: readonly unknown[],
  ): Generator<Transaction, RowState[]> {
    const statement = parseSql(sql);
    const values: Values = { now: tx.now, params };
    if (statement.kind === "create") return [];
    if (statement.kind === "insert") return this.#insert(tx, statement, values);
    const { selection, where, set, kind, isReturning } = statement;
    const chosen = new Set<number>();
    if (selection !== undefined) yield* this.#select(tx, selection, values, chosen);
    const changed: RowState[] = [];
    for (const row of [...this.#rows.values()]) {
      const isMeant = () => {
        const seen = this.#seen(row, tx);
        return seen !== undefined && where.every((holds) => holds(seen, values, chosen));
      };
      if (!isMeant()) continue;
      // It may have changed meanwhile.
      if (yield* this.#freed(row, tx)) { if (!isMeant()) continue; }
      this.#lock(row, tx);
      if (kind === "delete") {
        row.pending = undefined;
        continue;
      }
      row.pending = { ...row.pending!, ...set(row.pending!, values) };
      changed.push(row.pending);
    }
    // A database returns rows in any order.
    return isReturning ? this.#shuffled(changed) : [];
  }

  #insert(
    tx: Transaction,
    { isOrdered }: Statement & { kind: "insert" },
    values: Values,
  ): RowState[] {
    const items = listOf<{ jid: string; job: string }>(values.params, 1);
    for (const { jid, job } of isOrdered ? items : this.#shuffled(items)) {
      const id = ++this.#lastId;
      const none = { claimedBy: null, claimedUntil: null, error: null };
      const row: StoredRow = { committed: undefined, pending: { id, jid, job, ...none }, tx };
      this.#rows.set(id, row);
      tx.rows.add(row);
      this.#listener.inserted(row.pending!);
    }
    return [];
  }

  *#select(
    tx: Transaction,
    { where, isOrdered, limit, lock }: Selection,
    values: Values,
    chosen: Set<number>,
  ): Generator<Transaction, void> {
    const max = limit === undefined ? Infinity : values.params[limit - 1] as number;
    // The rows are in the order of their ids.
    const all = [...this.#rows.values()];
    for (const row of isOrdered ? all : this.#shuffled(all)) {
      if (chosen.size >= max) return;
      const isMeant = () => {
        const seen = this.#seen(row, tx);
        return seen !== undefined && where.every((holds) => holds(seen, values, chosen));
      };
      if (!isMeant()) continue;
      if (lock === "skip" && row.tx !== undefined && row.tx !== tx) continue;
      if (lock !== "none") {
        if (yield* this.#freed(row, tx)) { if (!isMeant()) continue; }
        this.#lock(row, tx);
      }
      chosen.add((row.pending ?? row.committed)!.id);
    }
  }

  /** Waits until no other transaction has locked the row. Returns true if it had to wait. */
  *#freed(row: StoredRow, tx: Transaction): Generator<Transaction, boolean> {
    if (row.tx === undefined || row.tx === tx) return false;
    while (row.tx !== undefined) yield row.tx;
    return true;
  }

  #lock(row: StoredRow, tx: Transaction): void {
    if (row.tx === tx) return;
    row.tx = tx;
    row.pending = row.committed;
    tx.rows.add(row);
  }

  #seen(row: StoredRow, tx: Transaction): RowState | undefined {
    return row.tx === tx ? row.pending : row.committed;
  }

  #end(tx: Transaction): void {
    tx.isOver = true;
    this.#open.delete(tx);
    tx.ended.resolve();
  }

  #shuffled<T>(list: readonly T[]): T[] {
    const all = [...list];
    for (let i = all.length - 1; i > 0; i--) {
      const j = this.#random.int(i + 1);
      [all[i], all[j]] = [all[j]!, all[i]!];
    }
    return all;
  }
}
