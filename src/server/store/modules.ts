import { ConfigError } from "../../errors.ts";
import { builtinModule } from "../../internal/environment.ts";

/** The part of `node:sqlite` that is used. It is the same in Deno, Bun and Node. */
export interface Database {
  prepare(sql: string): { run(): unknown; all(): unknown[] };
  close(): void;
}

/** `node:sqlite`. */
export interface SqliteModule {
  readonly DatabaseSync: new (path: string) => Database;
}

type Done = (error: Error | null) => void;

/** The part of `node:fs` that is used. */
export interface FileModule {
  statSync(
    path: string,
    options: { bigint: true; throwIfNoEntry: false },
  ): FileStat | undefined;
  fstatSync(fd: number, options: { bigint: true }): FileStat;
  realpathSync(path: string): string;
  readlinkSync(path: string): string;
  accessSync(path: string, mode: number): void;
  readdirSync(path: string): string[];
  mkdirSync(path: string): unknown;
  openSync(path: string, flags: string): number;
  closeSync(fd: number): void;
  unlinkSync(path: string): void;
  renameSync(from: string, to: string): void;
  ftruncateSync(fd: number, length: number): void;
  fsyncSync(fd: number): void;
  readFileSync(path: string): Uint8Array;
  writeFileSync(path: string, bytes: Uint8Array, options: { flag: string }): void;
  readSync(fd: number, bytes: Uint8Array, from: number, length: number, at: number): number;
  read(
    fd: number,
    bytes: Uint8Array,
    from: number,
    length: number,
    at: number,
    done: (error: Error | null, count: number) => void,
  ): void;
  writeSync(fd: number, bytes: Uint8Array, from: number, length: number, at: number): number;
  write(
    fd: number,
    bytes: Uint8Array,
    from: number,
    length: number,
    at: number,
    done: (error: Error | null, count: number) => void,
  ): void;
  fdatasync(fd: number, done: Done): void;
  fsync(fd: number, done: Done): void;
}

/** A file's `stat`. */
export interface FileStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** The parts of `node:path` and `node:url` that are used. */
interface PathModule {
  resolve(...parts: string[]): string;
  join(...parts: string[]): string;
  dirname(path: string): string;
}
interface UrlModule {
  fileURLToPath(url: URL): string;
}

/** The runtime's modules for storing data. */
export interface Modules {
  /** Locks files. Node has no other lock. */
  readonly sqlite: SqliteModule;
  readonly files: FileModule;
  readonly paths: PathModule;
  readonly urls: UrlModule;
}

/**
 * Loads the runtime's modules. They are not imported statically, as some runtimes lack them.
 *
 * @throws {ConfigError} `UNSUPPORTED_RUNTIME` if there is no `node:sqlite`.
 */
export function loadModules(): Modules {
  const sqlite = builtinModule<SqliteModule>("node:sqlite");
  const files = builtinModule<FileModule>("node:fs");
  const paths = builtinModule<PathModule>("node:path");
  const urls = builtinModule<UrlModule>("node:url");
  if (
    sqlite === undefined || files === undefined || paths === undefined || urls === undefined
  ) {
    throw new ConfigError(
      "UNSUPPORTED_RUNTIME",
      "Cannot keep data in a folder as this runtime has no node:sqlite, which locks the folder: " +
        "use Deno, Bun, or Node 22.13 or later, or leave out the option data to keep all data " +
        "in memory",
    );
  }
  return { sqlite, files, paths, urls };
}
