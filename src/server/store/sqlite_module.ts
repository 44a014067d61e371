import { ConfigError } from "../../errors.ts";
import { builtinModule } from "../../internal/environment.ts";

/** What is used of `node:sqlite`: it is the same in Deno, Bun and Node. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** A prepared statement. */
export interface Statement {
  run(...values: (string | number)[]): unknown;
  all(...values: (string | number)[]): Record<string, unknown>[];
  /** Has `all` give each row as an array. */
  setReturnArrays?(isOn: boolean): void;
}

/** `node:sqlite`. */
export interface SqliteModule {
  readonly DatabaseSync: new (path: string, options?: { readOnly?: boolean }) => Database;
}

/** What is used of `node:fs`. */
export interface FileModule {
  statSync(
    path: string,
    options: { bigint: true; throwIfNoEntry: false },
  ): FileStat | undefined;
  realpathSync(path: string): string;
  readlinkSync(path: string): string;
  accessSync(path: string, mode: number): void;
  openSync(path: string, flags: string): number;
  readSync(fd: number, bytes: Uint8Array, from: number, length: number, at: number): number;
  closeSync(fd: number): void;
  unlinkSync(path: string): void;
  writeFileSync(path: string, bytes: Uint8Array, options: { flag: string }): void;
  fstatSync(fd: number, options: { bigint: true }): FileStat;
  fdatasync(fd: number, callback: (error: Error | null) => void): void;
}

/** A file as `stat` shows it. */
export interface FileStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** `node:path` and `node:url`, what is used of them. */
interface PathModule {
  resolve(...parts: string[]): string;
  join(...parts: string[]): string;
  dirname(path: string): string;
  basename(path: string): string;
}
interface UrlModule {
  fileURLToPath(url: URL): string;
}

/** The modules of the runtime by which data are kept. */
export interface Modules {
  readonly sqlite: SqliteModule;
  readonly files: FileModule;
  readonly paths: PathModule;
  readonly urls: UrlModule;
}

/**
 * The runtime's modules; none is imported statically, as not every runtime has them.
 *
 * @throws {ConfigError} `UNSUPPORTED_RUNTIME` where there is no `node:sqlite`.
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
      "Cannot keep data in a file as this runtime has no node:sqlite: Deno, Bun, and Node 22.13 or " +
        "later have it. Without the option data the server runs here too, in memory",
    );
  }
  return { sqlite, files, paths, urls };
}
