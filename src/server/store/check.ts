import { damaged, sqliteFailure } from "./data_error.ts";
import { statOf } from "./file_stat.ts";
import { removeFile } from "./remove_file.ts";
import type { Database, Modules } from "./sqlite_module.ts";
import { readJobs, readRecords } from "./tables.ts";

/**
 * Checks a file whose writer did not end well. Not by the connection that is to write: that one would put what stands in the
 * log into the file even if the file is damaged.
 *
 * @throws {ConfigError} `INVALID_DATA` where it is damaged, `DATA_IN_USE` where another process has it.
 */
export function checkUnclosed(path: string, modules: Modules): void {
  if ((statOf(`${path}-wal`, modules)?.size ?? 0n) === 0n) return;
  const index = `${path}-shm`;
  const hadIndex = statOf(index, modules) !== undefined;
  let database: Database | undefined;
  try {
    database = new modules.sqlite.DatabaseSync(path, { readOnly: true });
    checkIntegrity(database, path);
    for (const _ of readJobs(database, path));
    for (const _ of readRecords(database, path));
  } catch (cause) {
    throw sqliteFailure(path, cause, modules.files);
  } finally {
    database?.close();
    if (!hadIndex) removeFile(index, modules.files);
  }
}

/**
 * Has SQLite look through the file. What a row says is checked when it is read.
 *
 * @throws {ConfigError} `INVALID_DATA` where the file is damaged.
 */
export function checkIntegrity(database: Database, path: string): void {
  const [row] = database.prepare("PRAGMA quick_check(1)").all();
  const verdict = row?.["quick_check"];
  if (verdict !== "ok") throw damaged(path, String(verdict));
}
