import { invalidOption } from "../../connection/options.ts";
import { shared } from "../../internal/environment.ts";
import { isUrl } from "../../internal/kinds.ts";
import { fileFailure, inUse, invalidData } from "./data_error.ts";
import { idOf, statOf } from "./file_stat.ts";
import { type Lock, lockFile } from "./lock_file.ts";
import type { FileStat, Modules } from "./sqlite_module.ts";

/** Marks a file as ours, in SQLite's header: "FkTS". */
export const APPLICATION_ID = 0x466b5453;

/** The version of the tables. */
export const SCHEMA_VERSION = 1;

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";

/** A file that is safe to open, and that nobody else opens until it is released. */
export interface Claim {
  /** The file itself, links resolved: SQLite puts its log beside that. */
  readonly path: string;
  /** Whether there is nothing in it yet. */
  readonly isNew: boolean;
  /** Notes which file it is, once it is surely there. */
  made(): void;
  /** Whether the path still leads to it. */
  isThere(): boolean;
  release(): void;
}

/**
 * The absolute path that the option `data` means.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function dataPath(data: unknown, { paths, urls }: Modules): string {
  if (isUrl(data) && data.protocol === "file:") return urls.fileURLToPath(data);
  // SQLite would take "" and ":memory:" for databases that end with the process.
  const isPath = typeof data === "string" && data !== "" && data !== ":memory:" &&
    !data.includes("\0");
  if (!isPath) {
    throw invalidOption("data", "the path of a file (leave it out for a server in memory)", data);
  }
  return paths.resolve(data);
}

/**
 * Locks a file, then looks at it without SQLite, which would begin to write beside it.
 *
 * @throws {ConfigError} `INVALID_DATA` where it is not ours, `DATA_IN_USE` where another server has it, `DATA_UNAVAILABLE`
 * where it cannot be read or written.
 */
export function claim(given: string, modules: Modules): Claim {
  const path = realPath(given, modules);
  checkKind(path, modules);
  const lock = lockFile(path, modules);
  try {
    return claimLocked(path, lock, modules);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function claimLocked(path: string, lock: Lock, modules: Modules): Claim {
  // Looked at anew: until the lock was there, another server may have made it.
  const stat = checkKind(path, modules);
  const claimed = shared("data-files", () => new Set<string>());
  let id = stat && idOf(stat);
  // By another name (a hard link), which the lock knows nothing of. To open and close the file here once more would give up
  // the locks by which SQLite keeps other processes away from it.
  if (id !== undefined && claimed.has(id)) throw inUse(path);
  const isNew = stat === undefined || stat.size === 0n;
  if (isNew && (statOf(`${path}-wal`, modules)?.size ?? 0n) > 0n) {
    throw invalidData(path, `it is empty, but there are data in ${path}-wal`);
  }
  if (!isNew) checkHeader(path, modules);
  if (id !== undefined) claimed.add(id);
  return {
    path,
    isNew,
    made: () => {
      if (id !== undefined) return;
      id = idOf(statOf(path, modules)!);
      claimed.add(id);
    },
    isThere: () => {
      const now = statOf(path, modules);
      return now !== undefined && idOf(now) === id;
    },
    release: () => {
      if (id !== undefined) claimed.delete(id);
      lock.release();
    },
  };
}

/** The path with all links resolved, also where the last one leads to a file that is not there yet. */
function realPath(given: string, modules: Modules): string {
  const { files, paths } = modules;
  let path = given;
  for (let links = 0; links < MAX_LINKS; links++) {
    if (statOf(path, modules) !== undefined) return files.realpathSync(path);
    const folder = paths.dirname(path);
    if (!statOf(folder, modules)?.isDirectory()) throw invalidData(path, "there is no such folder");
    let target;
    try {
      target = files.readlinkSync(path);
    } catch {
      return paths.join(files.realpathSync(folder), paths.basename(path));
    }
    path = paths.resolve(folder, target);
  }
  throw invalidData(given, "its links lead to no file");
}

const MAX_LINKS = 40;

/** @throws {ConfigError} `INVALID_DATA` where it is there, but no file. */
function checkKind(path: string, modules: Modules): FileStat | undefined {
  const stat = statOf(path, modules);
  if (stat?.isDirectory()) throw invalidData(path, "it is a folder");
  if (stat !== undefined && !stat.isFile()) throw invalidData(path, "it is no file");
  return stat;
}

function checkHeader(path: string, { files }: Modules): void {
  const header = new Uint8Array(HEADER_BYTES);
  let length;
  try {
    const fd = files.openSync(path, "r");
    try {
      length = files.readSync(fd, header, 0, HEADER_BYTES, 0);
    } finally {
      files.closeSync(fd);
    }
  } catch (cause) {
    throw fileFailure(path, cause);
  }
  const magic = String.fromCharCode(...header.subarray(0, MAGIC.length));
  if (length < HEADER_BYTES || magic !== MAGIC) {
    throw invalidData(path, "it is no SQLite database");
  }
  const view = new DataView(header.buffer);
  if (view.getUint32(68) !== APPLICATION_ID) {
    throw invalidData(path, "it is the database of another program");
  }
  const version = view.getUint32(60);
  if (version > SCHEMA_VERSION) {
    throw invalidData(path, `it was written by a later version of this server (${version})`);
  }
}
