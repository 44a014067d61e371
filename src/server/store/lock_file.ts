import { inUse, invalidData, isBusy, sqliteFailure } from "./data_error.ts";
import { idOf, statOf } from "./file_stat.ts";
import { removeFile } from "./remove_file.ts";
import type { Database, FileModule, Modules } from "./modules.ts";

/** Attempts before a lock file that keeps being replaced counts as in use. */
const ATTEMPTS = 10;

/** A lock on a data folder. */
export interface Lock {
  release(): void;
}

/**
 * Locks the folder at `path` for one server, through the empty file `lock` in it. Other processes,
 * threads and copies of this module are refused. The system releases the lock when the process
 * ends, for whatever reason.
 *
 * The lock is SQLite's, as Node has no other. Any code in this process that opens and closes the
 * file releases the lock. No code has a reason to do so.
 *
 * @throws {ConfigError} `DATA_IN_USE`, or `DATA_UNAVAILABLE` if the lock file cannot be created.
 */
export function lockFile(lock: string, path: string, modules: Modules): Lock {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stat = statOf(lock, modules);
    // Belongs to another program. It would be removed at the end.
    if (stat !== undefined && (stat.size > 0n || !stat.isFile())) {
      throw invalidData(path, `${lock} is not an empty lock file`);
    }
    const before = stat && idOf(stat);
    let database: Database | undefined;
    try {
      database = new modules.sqlite.DatabaseSync(lock);
      // The holder of the lock may remove a file that was just created, so only an older file is
      // locked.
      if (before !== undefined) {
        // Nothing is ever written, so no journal file is needed.
        database.prepare("PRAGMA journal_mode = MEMORY").all();
        database.prepare("BEGIN EXCLUSIVE").run();
        const after = statOf(lock, modules);
        if (after !== undefined && idOf(after) === before) {
          return lockOf(lock, database, modules.files);
        }
      }
      database.close();
    } catch (cause) {
      database?.close();
      throw isBusy(cause) ? inUse(path, cause) : sqliteFailure(path, cause, modules.files);
    }
  }
  throw inUse(path);
}

function lockOf(lock: string, database: Database, files: FileModule): Lock {
  return {
    release() {
      // The file is removed before it is unlocked, so that nobody locks a file that is about to be
      // removed. Windows refuses to remove an open file.
      const isRemoved = removeFile(lock, files);
      database.close();
      if (!isRemoved) removeFile(lock, files);
    },
  };
}
