import { type DataFolder, END_NAME } from "./data_folder.ts";
import { isOutOfFiles } from "./data_error.ts";
import type { LiveRows } from "./live_rows.ts";
import type { Modules } from "./modules.ts";
import { removeFile } from "./remove_file.ts";
import { Segment } from "./segment.ts";

/** Sizes of a log, in bytes. */
export interface LogSizes {
  /** Size at which the next segment begins. */
  readonly segment: number;
  /**
   * Cleaning begins if the bytes that are not needed exceed both this size and the needed bytes.
   */
  readonly free: number;
}

export const LOG_SIZES: LogSizes = { segment: 16 * 1024 * 1024, free: 32 * 1024 * 1024 };

/** Maximum size of a segment, if no file can be opened for the next one. */
const MAX_SEGMENT = 1024 * 1024 * 1024;

/** The segments of a log, and the file for the next one. */
export class Segments {
  readonly #folder: DataFolder;
  readonly #modules: Modules;
  readonly #live: LiveRows;
  readonly sizes: LogSizes;
  /** The oldest first. */
  readonly #all: Segment[];
  #next: Segment | undefined;
  /** Segments to remove after the next group is saved. */
  #trimmed: Segment[] = [];
  #hasSpare: boolean;
  /** Number of the oldest segment that is needed, as far as it is saved. */
  #needed: number;

  constructor(
    all: Segment[],
    { folder, modules, live, sizes, hasSpare }: {
      folder: DataFolder;
      modules: Modules;
      live: LiveRows;
      sizes: LogSizes;
      hasSpare: boolean;
    },
  ) {
    this.#all = all;
    this.#folder = folder;
    this.#modules = modules;
    this.#live = live;
    this.sizes = sizes;
    this.#hasSpare = hasSpare;
    this.#needed = all[0]!.number;
  }

  /** Number of the oldest segment that is needed, as far as it is saved. */
  get needed(): number {
    return this.#needed;
  }

  get oldest(): Segment {
    return this.#all[0]!;
  }

  get last(): Segment {
    return this.#all.at(-1)!;
  }

  /** The oldest segment with needed records, otherwise the last one. */
  get firstLive(): Segment {
    return this.#all.find(({ live }) => live > 0) ?? this.last;
  }

  /** True if so many records are not needed that the log should be cleaned. */
  get isSparse(): boolean {
    let [total, live] = [0, 0];
    for (const segment of this.#all) {
      total += segment.end;
      live += segment.live;
    }
    return total - live > Math.max(live, this.sizes.free);
  }

  /** Returns the next segment if the last one is full at `end`, otherwise `undefined`. */
  next(end: number): Segment | undefined {
    if (end < this.sizes.segment) return undefined;
    const next = this.#next;
    if (next === undefined) {
      if (end > MAX_SEGMENT) {
        throw new Error(`${this.last.path} is full, and the next segment cannot be created`);
      }
      return undefined;
    }
    this.#all.push(next);
    this.#next = undefined;
    return next;
  }

  /**
   * Removes the segments before this one. Their files are removed after the next group is saved.
   */
  trim(oldest: Segment): void {
    while (this.oldest !== oldest) {
      const segment = this.#all.shift()!;
      this.#live.remove(segment);
      this.#trimmed.push(segment);
    }
  }

  /** Removes files and opens the next one, after a group is saved. */
  committed(end: number): void {
    for (const segment of this.#trimmed.splice(0)) {
      this.#needed = segment.number + 1;
      this.#release(segment);
    }
    if (this.#next !== undefined || end < this.sizes.segment / 2) return;
    try {
      this.#next = this.#make(this.last.number + 1);
    } catch {
      // Too many files may be open. The last segment grows until there is a file for the next one.
    }
  }

  /**
   * Records where the log ends, so that the next start notices if its end is lost. If this process
   * has too many files open, the earlier record stays, which is still true.
   */
  async recordEnd(): Promise<void> {
    const { files } = this.#modules;
    const { number, end } = this.last;
    const text = JSON.stringify({ segment: number, end });
    const [path, temporary] = [this.#folder.pathOf(END_NAME), this.#folder.pathOf(`.${END_NAME}`)];
    try {
      files.writeFileSync(temporary, new TextEncoder().encode(text), { flag: "w" });
      this.#syncFile(temporary);
    } catch (cause) {
      if (isOutOfFiles(cause)) return;
      throw cause;
    }
    // Otherwise a power loss may keep this record, and lose the name of the last segment.
    await this.#folder.sync();
    files.renameSync(temporary, path);
    await this.#folder.sync();
  }

  /** Syncs a file. Otherwise a power loss may keep its name and lose its content. */
  #syncFile(path: string): void {
    const { files } = this.#modules;
    const fd = files.openSync(path, "r+");
    try {
      files.fsyncSync(fd);
    } finally {
      files.closeSync(fd);
    }
  }

  close(): void {
    for (const segment of this.#all) segment.close();
    if (this.#next === undefined) return;
    this.#next.close();
    removeFile(this.#next.path, this.#modules.files);
    this.#next = undefined;
  }

  #make(number: number): Segment {
    const { files } = this.#modules;
    const path = this.#folder.segmentPath(number);
    if (this.#hasSpare) {
      files.renameSync(this.#folder.pathOf(SPARE), path);
      this.#hasSpare = false;
    }
    const fd = files.openSync(path, this.#exists(path) ? "r+" : "wx+");
    return new Segment(number, path, { fd, end: 0 }, this.#modules);
  }

  #exists(path: string): boolean {
    return this.#modules.files.statSync(path, { bigint: true, throwIfNoEntry: false }) !==
      undefined;
  }

  /**
   * Keeps one file for reuse: syncing overwritten bytes takes half the time of syncing appended
   * ones.
   */
  #release(segment: Segment): void {
    segment.close();
    const { files } = this.#modules;
    try {
      if (this.#hasSpare || segment.end > 2 * this.sizes.segment) files.unlinkSync(segment.path);
      else {
        files.renameSync(segment.path, this.#folder.pathOf(SPARE));
        this.#hasSpare = true;
      }
    } catch {
      // The next start ignores the file: the log records that it is not needed.
    }
  }
}

/** Name of the file kept for reuse. */
export const SPARE = "spare.log";
