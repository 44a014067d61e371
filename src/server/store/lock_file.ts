import { inUse, invalidData, isBusy, sqliteFailure } from "./data_error.ts";
import { idOf, statOf } from "./file_stat.ts";
import { removeFile } from "./remove_file.ts";
import type { Database, FileModule, Modules } from "./modules.ts";

/** Attempts before a lock file that keeps being replaced counts as somebody else's. */
const ATTEMPTS = 10;

/** A lock on a data file. */
export interface Lock {
  release(): void;
}

/**
 * Locks the folder at `path` for one server, by the file `lock` in it, which has nothing in it:
 * every thread, copy of this module and other process is refused. The system gives the lock up with
 * the process, however that ends.
 *
 * The lock is SQLite's, as Node has no other. It is lost as soon as anything in this process opens
 * and closes that file, which nobody has reason to do.
 *
 * @throws {ConfigError} `DATA_IN_USE`, or `DATA_UNAVAILABLE` where the lock file cannot be made.
 */
export function lockFile(lock: string, path: string, modules: Modules): Lock {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stat = statOf(lock, modules);
    // Another program's: it would be removed at the end.
    if (stat !== undefined && (stat.size > 0n || !stat.isFile())) {
      throw invalidData(path, `${lock} is not its lock, which has nothing in it`);
    }
    const before = stat && idOf(stat);
    let database: Database | undefined;
    try {
      database = new modules.sqlite.DatabaseSync(lock);
      // A file that was just made might be removed by whoever holds it: lock only one that was
      // there before.
      if (before !== undefined) {
        // Nothing is ever written, so it needs no journal beside it.
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
      // Removed before it is unlocked, so that nobody locks a file that is about to go. Windows
      // refuses to remove an open file.
      const isRemoved = removeFile(lock, files);
      database.close();
      if (!isRemoved) removeFile(lock, files);
    },
  };
}
