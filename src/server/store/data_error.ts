import { ConfigError } from "../../errors.ts";
import { isError } from "../../internal/kinds.ts";
import { removeFile } from "./remove_file.ts";
import type { FileModule } from "./modules.ts";

/** SQLite's primary result codes that name a cause. */
const SQLITE = { perm: 3, busy: 5, readonly: 8, corrupt: 11, full: 13, notADatabase: 26 } as const;

/** Reasons why a write is not possible, by the system's error code. */
const OBSTACLES: Readonly<Record<string, string>> = {
  ENOSPC: "its disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "its disk is read-only",
  EACCES: "this process has no permission to read and write there",
  EPERM: "this process has no permission to read and write there",
  EMFILE: "this process has too many files open",
  ENFILE: "this machine has too many files open",
};

/** The error for data that are damaged or belong to another program. */
export function invalidData(path: string, reason: string, cause?: unknown): ConfigError {
  return new ConfigError("INVALID_DATA", `Cannot keep data in ${path} as ${reason}`, { cause });
}

/** The error for a file whose contents were changed. */
export function damageError(path: string, what: string): ConfigError {
  return invalidData(path, `it is damaged: ${what}`);
}

/** The error for a file that another server has open. */
export function inUse(path: string, cause?: unknown): ConfigError {
  return new ConfigError(
    "DATA_IN_USE",
    `Cannot keep data in ${path} as another server has it open`,
    { cause },
  );
}

/** The error for a file that may be intact, but cannot be read or written now. */
function unavailable(path: string, reason: string, cause?: unknown): ConfigError {
  return new ConfigError("DATA_UNAVAILABLE", `Cannot keep data in ${path} as ${reason}`, {
    cause,
  });
}

/** The error for a failed call of `node:fs`. */
export function fileFailure(path: string, cause: unknown): ConfigError {
  if (NO_PATH.has((cause as { code?: string }).code ?? "")) {
    return invalidData(path, reasonOf(cause), cause);
  }
  return unavailable(path, obstacleOf(cause) ?? reasonOf(cause), cause);
}

/** Error codes for a path that cannot exist. */
const NO_PATH: ReadonlySet<string> = new Set(["ENOTDIR", "ELOOP", "ENAMETOOLONG", "EINVAL"]);

/** The error for a file that SQLite could not open, read or write. */
export function sqliteFailure(path: string, cause: unknown, files: FileModule): Error {
  if (cause instanceof ConfigError) return cause;
  const code = sqliteCode(cause);
  if (code === SQLITE.busy) return inUse(path, cause);
  if (code === SQLITE.corrupt || code === SQLITE.notADatabase) {
    return invalidData(path, reasonOf(cause), cause);
  }
  // SQLite does not tell why a file could not be opened, and reports some full disks as "disk I/O
  // error".
  const obstacle = obstacleOf(cause) ?? probe(path, files) ?? OBSTACLE_BY_CODE[code ?? -1];
  return unavailable(path, obstacle ?? `the disk failed: ${reasonOf(cause)}`, cause);
}

/** Returns true if SQLite failed because another process has locked the file. */
export function isBusy(cause: unknown): boolean {
  return sqliteCode(cause) === SQLITE.busy;
}

/** Returns true if a call failed as too many files are open, which may not last. */
export function isOutOfFiles(cause: unknown): boolean {
  return ["EMFILE", "ENFILE"].includes((cause as { code?: string }).code ?? "");
}

const OBSTACLE_BY_CODE: Readonly<Record<number, string>> = {
  [SQLITE.full]: "its disk is full",
  [SQLITE.perm]: "this process has no permission to read and write there",
  [SQLITE.readonly]: "it is read-only",
};

function sqliteCode(cause: unknown): number | undefined {
  const { errcode } = (cause ?? {}) as { errcode?: number };
  return errcode === undefined ? undefined : errcode & 0xff;
}

function obstacleOf(cause: unknown): string | undefined {
  return OBSTACLES[(cause as { code?: string }).code ?? ""];
}

/** Finds the reason why a write fails, by writing a file into the folder. */
function probe(path: string, files: FileModule): string | undefined {
  const beside = `${path}/probe`;
  try {
    files.accessSync(path, ACCESS_READ | ACCESS_WRITE);
  } catch (cause) {
    const obstacle = obstacleOf(cause);
    if (obstacle !== undefined) return obstacle;
  }
  let isOurs = true;
  try {
    files.writeFileSync(beside, new Uint8Array(PROBE_BYTES), { flag: "wx" });
    return undefined;
  } catch (cause) {
    isOurs = (cause as { code?: string }).code !== "EEXIST";
    return obstacleOf(cause);
  } finally {
    if (isOurs) removeFile(beside, files);
  }
}

const ACCESS_WRITE = 2;
const ACCESS_READ = 4;

/** Two disk blocks: the minimum that a new file needs. */
const PROBE_BYTES = 8192;

function reasonOf(cause: unknown): string {
  return isError(cause) ? cause.message : String(cause);
}
