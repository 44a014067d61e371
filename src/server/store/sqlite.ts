import { systemClock } from "../../internal/clock.ts";
import { shared } from "../../internal/environment.ts";
import type { Changes } from "./changes.ts";
import { checkIntegrity, checkUnclosed } from "./check.ts";
import { checksum } from "./checksum.ts";
import { fileFailure, sqliteFailure } from "./data_error.ts";
import { type Claim, claim, dataPath } from "./data_file.ts";
import type { Backend } from "./journal.ts";
import { LogFile } from "./log_file.ts";
import { type After, Shrinker } from "./shrinker.ts";
import { type Database, loadModules, type Modules, type Statement } from "./sqlite_module.ts";
import type { StoredRow } from "./store.ts";
import { removeFile } from "./remove_file.ts";
import { readJobs, readRecords, SCHEMA } from "./tables.ts";

/** Options of {@linkcode openSqlite}. */
export interface SqliteOptions {
  /** The runtime's modules. @default those of this runtime */
  readonly modules?: Modules | undefined;
  /** Timers of what is done when nothing else is. @default the machine's */
  readonly after?: After | undefined;
}

/**
 * Opens the file, and makes it where there is none.
 *
 * @throws {ConfigError} `INVALID_OPTION` on what is no path, `UNSUPPORTED_RUNTIME` where there is no `node:sqlite`,
 * `INVALID_DATA` on a file that is not ours or damaged, `DATA_IN_USE` on one that another server has, `DATA_UNAVAILABLE` where
 * it cannot be read and written.
 */
export function openSqlite(data: unknown, options: SqliteOptions = {}): SqliteBackend {
  const modules = options.modules ?? loadModules();
  const claimed = claim(dataPath(data, modules), modules);
  const { path } = claimed;
  let database: Database | undefined;
  try {
    if (!claimed.isNew) checkUnclosed(path, modules);
    database = new modules.sqlite.DatabaseSync(path);
    prepare(database, path);
    claimed.made();
    // The shared memory of a check that was killed: no server has any.
    removeFile(`${path}-shm`, modules.files);
    return new SqliteBackend(database, claimed, { modules, after: options.after });
  } catch (cause) {
    database?.close();
    claimed.release();
    throw sqliteFailure(path, cause, modules.files);
  }
}

/** Locks the file, checks it, and sees that its tables are there. */
function prepare(database: Database, path: string): void {
  // Statements, as Deno's `exec` does not say which error of SQLite's it was.
  const run = (sql: string) => database.prepare(sql).all();
  // Exclusive: no other process may so much as read it, and there is no file of shared memory beside it.
  run("PRAGMA locking_mode = EXCLUSIVE");
  const [{ count } = { count: 0 }] = run("SELECT count(*) AS count FROM sqlite_master");
  // The tables are made before there is a log, so that who the file belongs to stands in itself from the beginning.
  if (count === 0) { for (const sql of SCHEMA) run(sql); }
  else checkIntegrity(database, path);
  for (const sql of ["PRAGMA journal_mode = WAL", "BEGIN EXCLUSIVE", "COMMIT"]) run(sql);
  // A commit alone does not wait for the disk: that is done outside this thread, and before anything is confirmed.
  run("PRAGMA synchronous = NORMAL");
}

/** Keeps data in a file of SQLite, and its log beside it. */
export class SqliteBackend implements Backend {
  readonly lastRow: number;
  /** Transactions so far. */
  commits = 0;
  readonly #database: Database;
  readonly #claim: Claim;
  readonly #insert: Statement;
  readonly #delete: Statement;
  readonly #set: Statement;
  readonly #unset: Statement;
  readonly #log: LogFile;
  readonly #shrinker: Shrinker;

  constructor(
    database: Database,
    claimed: Claim,
    { modules, after = systemClock.after }: { modules: Modules; after?: After | undefined },
  ) {
    this.#database = database;
    this.#claim = claimed;
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
    try {
      this.#log = new LogFile(`${claimed.path}-wal`, modules);
    } catch (cause) {
      throw fileFailure(claimed.path, cause);
    }
    this.#shrinker = new Shrinker(database, after, (vacuum) => this.#shrink(vacuum));
    this.#shrinker.touched();
  }

  rows(): Iterable<StoredRow> {
    return readJobs(this.#database, this.#claim.path);
  }

  records(table: string): Iterable<readonly [key: string, json: string]> {
    return readRecords(this.#database, this.#claim.path, table);
  }

  commit(changes: Changes): Promise<void> {
    this.#check();
    try {
      this.#write(changes);
    } finally {
      this.#log.written();
    }
    this.commits++;
    this.#shrinker.touched();
    // What `synchronous = FULL` does, without holding everything else up.
    return this.#log.sync();
  }

  close(): void {
    this.#shrinker.close();
    const isForeign = this.#log.isForeign();
    this.#log.close();
    try {
      // SQLite would put what stands in another server's log into the file, and remove that log, at every kind of close.
      if (isForeign) return abandon(this.#database);
      this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      this.#database.close();
    } finally {
      this.#claim.release();
    }
  }

  #write(changes: Changes): void {
    this.#database.exec("BEGIN");
    if (changes.isCleared) this.#database.exec("DELETE FROM jobs; DELETE FROM records");
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
  }

  /** @throws {Error} where the file or its log is not what this server has written. */
  #check(): void {
    if (!this.#claim.isThere()) throw new Error(`${this.#claim.path} was moved or removed`);
    this.#log.check();
  }

  /** A step that cannot be taken is left out: whether the disk is in order is found out by the next commit. */
  #shrink(vacuum: () => void): void {
    try {
      this.#check();
    } catch {
      return;
    }
    try {
      vacuum();
    } catch {
      // As above.
    } finally {
      this.#log.written();
    }
  }
}

/** Keeps a database open, without anything more being written by it, until SQLite closes it with the process. */
function abandon(database: Database): void {
  shared("abandoned", () => new Set<Database>()).add(database);
}
