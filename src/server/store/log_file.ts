import { idOf } from "./file_stat.ts";
import type { FileStat, Modules } from "./sqlite_module.ts";

/** SQLite's log beside a data file, the file whose name ends in `-wal`: one file from the start to the end of a server. */
export class LogFile {
  readonly #path: string;
  readonly #modules: Modules;
  readonly #fd: number;
  readonly #id: string;
  /** The size that the last transaction left. */
  #size: bigint;

  /** Opens the log, which must be there. It stays open, so that no lack of file descriptors can keep a commit from the disk. */
  constructor(path: string, modules: Modules) {
    this.#path = path;
    this.#modules = modules;
    this.#fd = modules.files.openSync(path, "r+");
    const stat = this.#stat();
    this.#id = idOf(stat);
    this.#size = stat.size;
  }

  /** Whether anybody else has written to the log or replaced it: then nothing of it may go into the data file. */
  isForeign(): boolean {
    const there = this.#there();
    return this.#stat().size !== this.#size || (there !== undefined && idOf(there) !== this.#id);
  }

  /**
   * Looks for changes that are not this server's. A log that was moved is whole still, but would not be found after a crash.
   *
   * @throws {Error} where there are any.
   */
  check(): void {
    const there = this.#there();
    if (there === undefined || idOf(there) !== this.#id) {
      throw new Error(`${this.#path} was moved or removed`);
    }
    if (there.size < this.#size) throw new Error(`${this.#path} was truncated`);
    if (there.size > this.#size) throw new Error(`${this.#path} was written to by others`);
  }

  /** Notes the size that a transaction has left. */
  written(): void {
    this.#size = this.#stat().size;
  }

  /** Has what is in the log put on the disk. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#modules.files.fdatasync(this.#fd, (error) => error ? reject(error) : resolve())
    );
  }

  close(): void {
    this.#modules.files.closeSync(this.#fd);
  }

  #there(): FileStat | undefined {
    return this.#modules.files.statSync(this.#path, { bigint: true, throwIfNoEntry: false });
  }

  #stat(): FileStat {
    return this.#modules.files.fstatSync(this.#fd, { bigint: true });
  }
}
