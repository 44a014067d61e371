import { idOf } from "./file_stat.ts";
import type { FileStat, Modules } from "./modules.ts";

/** Largest group that is written on the event loop's thread, in bytes. */
const MAX_SYNC_WRITE = 512 * 1024;

/** Maximum single write, in bytes: Deno copies the bytes for its other thread. */
const MAX_WRITE = 4 * 1024 * 1024;

/**
 * A file of a log. The current one stays open, so that writes do not fail for lack of file
 * descriptors.
 */
export class Segment {
  readonly number: number;
  readonly path: string;
  #fd: number | undefined;
  readonly #id: string;
  readonly #modules: Modules;
  /** End of the last group. */
  end: number;
  /** Size of the records that are still needed, in bytes. */
  live = 0;
  /** Size of the file. A reused file is longer than the segment. */
  #size: bigint;

  /** `fd` is the open file if the segment is written to. */
  constructor(
    number: number,
    path: string,
    { fd, end }: { fd?: number; end: number },
    modules: Modules,
  ) {
    this.number = number;
    this.path = path;
    this.#fd = fd;
    this.#modules = modules;
    this.end = end;
    const stat = modules.files.statSync(path, { bigint: true, throwIfNoEntry: false })!;
    this.#id = idOf(stat);
    this.#size = stat.size;
  }

  /**
   * Checks that no other program changed the file. A segment that was moved is still complete, but
   * the next start would not find it.
   *
   * @throws {Error} if the file was changed.
   */
  check(): void {
    const stat = this.#stat();
    if (stat === undefined || idOf(stat) !== this.#id) {
      throw new Error(`${this.path} was moved or removed`);
    }
    if (stat.size < this.#size) throw new Error(`${this.path} was truncated`);
    if (stat.size > this.#size) throw new Error(`${this.path} was written to by others`);
  }

  /** Writes parts one after the other. */
  async write(parts: readonly Uint8Array[], from: number): Promise<void> {
    const { files } = this.#modules;
    const fd = this.#fd!;
    const total = parts.reduce((sum, { length }) => sum + length, 0);
    let at = from;
    for (const part of parts) {
      for (let done = 0; done < part.length;) {
        const left = Math.min(part.length - done, MAX_WRITE);
        const count = total <= MAX_SYNC_WRITE
          ? files.writeSync(fd, part, done, left, at)
          : await new Promise<number>((resolve, reject) =>
            files.write(fd, part, done, left, at, (error, count) =>
              error ? reject(error) : resolve(count))
          );
        if (count === 0) throw new Error(`${this.path} accepts no more bytes`);
        done += count;
        at += count;
        if (BigInt(at) > this.#size) this.#size = BigInt(at);
      }
    }
  }

  /** Syncs the file to the disk. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#modules.files.fdatasync(this.#fd!, (error) => error ? reject(error) : resolve())
    );
  }

  /** Reads the whole segment. */
  async read(): Promise<Uint8Array> {
    const { files } = this.#modules;
    const fd = files.openSync(this.path, "r");
    try {
      const bytes = new Uint8Array(this.end);
      for (let at = 0; at < bytes.length;) {
        const count = await new Promise<number>((resolve, reject) =>
          files.read(
            fd,
            bytes,
            at,
            bytes.length - at,
            at,
            (error, count) => error ? reject(error) : resolve(count),
          )
        );
        if (count === 0) throw new Error(`${this.path} was truncated`);
        at += count;
      }
      return bytes;
    } finally {
      files.closeSync(fd);
    }
  }

  /** Closes the file. */
  close(): void {
    if (this.#fd === undefined) return;
    this.#modules.files.closeSync(this.#fd);
    this.#fd = undefined;
  }

  #stat(): FileStat | undefined {
    return this.#modules.files.statSync(this.path, { bigint: true, throwIfNoEntry: false });
  }
}
