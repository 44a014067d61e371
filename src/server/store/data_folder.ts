import { invalidOption } from "../../connection/options.ts";
import { isUrl } from "../../internal/kinds.ts";
import { fileFailure, invalidData } from "./data_error.ts";
import { idOf, statOf } from "./file_stat.ts";
import { type Lock, lockFile } from "./lock_file.ts";
import type { Modules } from "./modules.ts";

const SEGMENT_NAME = /^(\d{8,10})\.log$/;

/** Name of the file that records where the log ended when it was closed. */
export const END_NAME = "end.json";

/** Other files that an empty data folder may contain. */
const OTHERS = /^lock|^probe$|^spare\.log$|^\./;

/**
 * Returns the absolute path for the option `data`.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function dataPath(data: unknown, { paths, urls }: Modules): string {
  if (isUrl(data) && data.protocol === "file:") return urls.fileURLToPath(data);
  const isPath = typeof data === "string" && data !== "" && data !== ":memory:" &&
    !data.includes("\0");
  if (!isPath) {
    throw invalidOption("data", "the path of a folder (leave it out for a server in memory)", data);
  }
  return paths.resolve(data);
}

/** The folder of a server's log, locked by this server. */
export class DataFolder {
  readonly path: string;
  readonly #modules: Modules;
  readonly #lock: Lock;
  readonly #id: string;
  readonly #fd: number | undefined;

  private constructor(path: string, lock: Lock, modules: Modules) {
    this.path = path;
    this.#lock = lock;
    this.#modules = modules;
    this.#id = idOf(statOf(path, modules)!);
    this.#fd = openFolder(path, modules);
  }

  /**
   * Creates the folder if it does not exist, and locks it.
   *
   * @throws {ConfigError} `INVALID_DATA` if the path cannot be such a folder, `DATA_IN_USE` if
   *   another server has locked it, `DATA_UNAVAILABLE` if it cannot be created or locked.
   */
  static claim(given: string, modules: Modules): DataFolder {
    const path = createPath(given, modules);
    checkContent(path, modules);
    syncName(path, modules);
    const lock = lockFile(modules.paths.join(path, "lock"), path, modules);
    try {
      return new DataFolder(path, lock, modules);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Returns the path of a segment. */
  segmentPath(number: number): string {
    return this.pathOf(`${String(number).padStart(8, "0")}.log`);
  }

  pathOf(name: string): string {
    return this.#modules.paths.join(this.path, name);
  }

  /** Returns the numbers of the existing segments, the lowest first. */
  segments(): number[] {
    return namesIn(this.path, this.#modules)
      .map((name) => Number(SEGMENT_NAME.exec(name)?.[1])).filter((number) => number > 0)
      .sort((a, b) => a - b);
  }

  /** Returns true if the path still leads to this folder. */
  stillExists(): boolean {
    const stat = statOf(this.path, this.#modules);
    return stat !== undefined && idOf(stat) === this.#id;
  }

  /** Syncs the names of the files to the disk. */
  sync(): Promise<void> {
    const fd = this.#fd;
    // Windows cannot open folders, and saves names without a sync.
    if (fd === undefined) return Promise.resolve();
    return new Promise((resolve, reject) =>
      this.#modules.files.fsync(fd, (error) => error ? reject(error) : resolve())
    );
  }

  release(): void {
    if (this.#fd !== undefined) this.#modules.files.closeSync(this.#fd);
    this.#lock.release();
  }
}

/** Creates a folder, unless it exists. */
function makeFolder(path: string, { files }: Modules): void {
  try {
    files.mkdirSync(path);
  } catch (cause) {
    // Another server may have created it in the meantime.
    if ((cause as { code?: string }).code !== "EEXIST") throw fileFailure(path, cause);
  }
}

/**
 * Syncs the name of a folder to the disk, even if the folder existed before: the server that
 * created it may have been killed before the sync.
 */
function syncName(path: string, { files, paths }: Modules): void {
  let parent;
  try {
    parent = files.openSync(paths.dirname(path), "r");
  } catch {
    // Windows does not open folders. Without permission, somebody else has created the folder.
    return;
  }
  try {
    files.fsyncSync(parent);
  } catch (cause) {
    throw fileFailure(path, cause);
  } finally {
    files.closeSync(parent);
  }
}

function openFolder(path: string, { files }: Modules): number | undefined {
  try {
    return files.openSync(path, "r");
  } catch (cause) {
    if (["EISDIR", "EPERM"].includes((cause as { code?: string }).code ?? "")) return undefined;
    throw fileFailure(path, cause);
  }
}

/**
 * Returns the folder's path with links resolved. Creates the folder if it does not exist, even at
 * the target of a link.
 */
function createPath(given: string, modules: Modules): string {
  const { files, paths } = modules;
  let path = given;
  for (let links = 0; links < MAX_LINKS; links++) {
    const stat = statOf(path, modules);
    if (stat?.isDirectory()) return files.realpathSync(path);
    if (stat !== undefined) {
      throw invalidData(
        path,
        `it is ${stat.isFile() ? "a file" : "not a folder"}`,
      );
    }
    const parent = paths.dirname(path);
    if (!statOf(parent, modules)?.isDirectory()) {
      throw invalidData(path, `its parent folder ${parent} does not exist`);
    }
    let target;
    try {
      target = files.readlinkSync(path);
    } catch {
      makeFolder(path, modules);
      continue;
    }
    path = paths.resolve(parent, target);
  }
  throw invalidData(given, "its links do not lead to a folder");
}

const MAX_LINKS = 40;

/** @throws {ConfigError} `INVALID_DATA` if the folder contains files, but no log. */
function checkContent(path: string, modules: Modules): void {
  const names = namesIn(path, modules).filter((name) => !OTHERS.test(name));
  const isOurs = names.some((name) => SEGMENT_NAME.test(name) || name === END_NAME);
  if (names.length === 0 || isOurs) return;
  throw invalidData(path, `it belongs to another program: it contains ${names[0]}, but no log`);
}

function namesIn(path: string, { files }: Modules): string[] {
  try {
    return files.readdirSync(path);
  } catch (cause) {
    throw fileFailure(path, cause);
  }
}
