import type { Changes } from "./changes.ts";
import { checkIntegrity, checkUnclosed } from "./check.ts";
import { checksum } from "./checksum.ts";
import { type Claim, claim, dataPath, openFailure } from "./data_file.ts";
import type { Backend } from "./journal.ts";
import { type Database, loadModules, type Modules, type Statement } from "./sqlite_module.ts";
import type { StoredRow } from "./store.ts";
import { readJobs, readRecords, SCHEMA } from "./tables.ts";

/**
 * Opens the file, and makes it where there is none.
 *
 * @throws {ConfigError} `INVALID_OPTION` on what is no path, `UNSUPPORTED_RUNTIME` where there is no `node:sqlite`,
 * `INVALID_DATA` on a file that is not ours or damaged, `DATA_IN_USE` on one that another server has.
 */
export function openSqlite(data: unknown, modules: Modules = loadModules()): SqliteBackend {
  const claimed = claim(dataPath(data, modules), modules);
  const { path } = claimed;
  let database: Database | undefined;
  try {
    if (!claimed.isNew) checkUnclosed(path, modules);
    database = new modules.sqlite.DatabaseSync(path);
    prepare(database, path);
    claimed.made();
    return new SqliteBackend(database, claimed, modules);
  } catch (cause) {
    database?.close();
    claimed.release();
    throw openFailure(path, cause);
  }
}

/** Locks the file, checks it, and sees that its tables are there. */
function prepare(database: Database, path: string): void {
  // Exclusive: no other process may so much as read it, and there is no file of shared memory beside it.
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  const [{ count } = { count: 0 }] = database.prepare("SELECT count(*) AS count FROM sqlite_master")
    .all();
  // The tables are made before there is a log, so that who the file belongs to stands in itself from the beginning.
  if (count === 0) database.exec(SCHEMA);
  else checkIntegrity(database, path);
  database.exec("PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE; COMMIT");
  // A commit alone does not wait for the disk: that is done outside this thread, and before anything is confirmed.
  database.exec("PRAGMA synchronous = NORMAL");
}

/** Keeps data in a file of SQLite, and its log, the file whose name ends in `-wal`, beside it. */
export class SqliteBackend implements Backend {
  readonly lastRow: number;
  /** Transactions so far. */
  commits = 0;
  readonly #database: Database;
  readonly #claim: Claim;
  readonly #modules: Modules;
  readonly #insert: Statement;
  readonly #delete: Statement;
  readonly #set: Statement;
  readonly #unset: Statement;
  /** The log, once there is one. */
  #log: number | undefined;

  constructor(database: Database, claimed: Claim, modules: Modules) {
    this.#database = database;
    this.#claim = claimed;
    this.#modules = modules;
    this.#insert = database.prepare("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?)");
    this.#delete = database.prepare("DELETE FROM jobs WHERE row = ?");
    this.#set = database.prepare(
      "INSERT INTO records VALUES (?, ?, ?, ?) " +
        "ON CONFLICT DO UPDATE SET sum = excluded.sum, json = excluded.json",
    );
    this.#unset = database.prepare("DELETE FROM records WHERE name = ? AND key = ?");
    const [{ last } = { last: 0 }] = database.prepare(
      "SELECT coalesce(max(row), 0) AS last FROM jobs",
    ).all();
    this.lastRow = last as number;
  }

  rows(): Iterable<StoredRow> {
    return readJobs(this.#database, this.#claim.path);
  }

  records(table: string): Iterable<readonly [key: string, json: string]> {
    return readRecords(this.#database, this.#claim.path, table);
  }

  commit(changes: Changes): Promise<void> {
    if (!this.#claim.isThere()) throw new Error(`${this.#claim.path} was moved or removed`);
    this.#database.exec("BEGIN");
    if (changes.isCleared) this.#database.exec("DELETE FROM jobs");
    for (const row of changes.removed) this.#delete.run(row);
    for (const { row, place, at, owner, text } of changes.added.values()) {
      // As JSON: a text of SQLite's can hold neither every character nor half of one.
      const name = JSON.stringify(owner);
      this.#insert.run(row, place, at, name, checksum([row, place, at, name, text]), text);
    }
    for (const { table, key, json } of changes.records()) {
      const [name, id] = [JSON.stringify(table), JSON.stringify(key)];
      if (json === undefined) this.#unset.run(name, id);
      else this.#set.run(name, id, checksum([name, id, json]), json);
    }
    this.#database.exec("COMMIT");
    this.commits++;
    return this.#sync();
  }

  close(): void {
    if (this.#log !== undefined) this.#modules.files.closeSync(this.#log);
    this.#log = undefined;
    try {
      this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      this.#database.close();
      this.#claim.release();
    }
  }

  /** Has what is in the log put on the disk; what `synchronous = FULL` does, without holding everything else up. */
  #sync(): Promise<void> {
    const { files } = this.#modules;
    // The log is one file from the first commit to the end, however often it begins anew.
    const log = this.#log ??= files.openSync(`${this.#claim.path}-wal`, "r+");
    if (files.fstatSync(log).nlink === 0) throw new Error(`${this.#claim.path}-wal was removed`);
    return new Promise((resolve, reject) =>
      files.fdatasync(log, (error) => error ? reject(error) : resolve())
    );
  }
}
