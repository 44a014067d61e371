import { ConfigError } from "../../errors.ts";
import { invalidOption } from "../../connection/options.ts";
import type { FileStat, Modules } from "./sqlite_module.ts";

/** Marks a file as ours, in SQLite's header: "FkTS". */
export const APPLICATION_ID = 0x466b5453;

/** The version of the tables. */
export const SCHEMA_VERSION = 1;

/** SQLite's code for a file that another process has locked. */
const SQLITE_BUSY = 5;

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";

/**
 * Files that servers of this process have open. To open and close a file here once more would give up the locks by which
 * SQLite keeps other processes away from it.
 */
const open = new Set<string>();

/** A file that is safe to open, and that nobody else of this process opens until it is released. */
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
  if (data instanceof URL && data.protocol === "file:") return urls.fileURLToPath(data);
  // SQLite would take "" and ":memory:" for databases that end with the process.
  const isPath = typeof data === "string" && data !== "" && data !== ":memory:" &&
    !data.includes("\0");
  if (!isPath) {
    throw invalidOption("data", "the path of a file (leave it out for a server in memory)", data);
  }
  return paths.resolve(data);
}

/**
 * Looks at a file without SQLite, which would begin to write beside it, and claims it.
 *
 * @throws {ConfigError} `INVALID_DATA` where it is not ours, `DATA_IN_USE` where a server of this process has it.
 */
export function claim(given: string, modules: Modules): Claim {
  let path = given;
  let id = `new ${path}`;
  const stat = statOf(path, modules);
  if (stat !== undefined) {
    id = idOf(stat);
    if (stat.isDirectory()) throw invalidData(path, "it is a folder");
    if (!stat.isFile()) throw invalidData(path, "it is no file");
  } else if (statOf(path.replace(/[^\\/]*$/, "") || ".", modules) === undefined) {
    throw invalidData(path, "there is no such folder");
  }
  if (open.has(id)) throw inUse(path);
  if (stat !== undefined) path = modules.files.realpathSync(given);
  const isNew = stat === undefined || stat.size === 0n;
  if (isNew && (statOf(`${path}-wal`, modules)?.size ?? 0n) > 0n) {
    throw invalidData(path, `it is empty, but there are data in ${path}-wal`);
  }
  if (!isNew) checkHeader(path, modules);
  open.add(id);
  return {
    get path() {
      return path;
    },
    isNew,
    made: () => {
      open.delete(id);
      path = modules.files.realpathSync(given);
      id = idOf(statOf(path, modules)!);
      open.add(id);
    },
    isThere: () => {
      const now = statOf(path, modules);
      return now !== undefined && idOf(now) === id;
    },
    release: () => void open.delete(id),
  };
}

function idOf({ dev, ino }: FileStat): string {
  return `${dev} ${ino}`;
}

/** What is at a path, if anything is. */
export function statOf(path: string, { files }: Modules): FileStat | undefined {
  try {
    return files.statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (cause) {
    throw invalidData(path, reasonOf(cause), cause);
  }
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
    throw invalidData(path, reasonOf(cause), cause);
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

/** The error for a file that SQLite did not open. */
export function openFailure(path: string, cause: unknown): Error {
  if (cause instanceof ConfigError) return cause;
  const { errcode } = cause as { errcode?: number };
  if (errcode !== undefined && (errcode & 0xff) === SQLITE_BUSY) return inUse(path, cause);
  return invalidData(path, reasonOf(cause), cause);
}

/** The error for a file that is not as it was written. */
export function damaged(path: string, what: string): ConfigError {
  return invalidData(path, `it is damaged: ${what}`);
}

function invalidData(path: string, reason: string, cause?: unknown): ConfigError {
  return new ConfigError("INVALID_DATA", `Cannot keep data in ${path} as ${reason}`, { cause });
}

function inUse(path: string, cause?: unknown): ConfigError {
  return new ConfigError(
    "DATA_IN_USE",
    `Cannot keep data in ${path} as another server has it open`,
    { cause },
  );
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
