import { ConfigError } from "../../errors.ts";
import { systemClock } from "../../internal/clock.ts";
import { JobArena } from "../job_arena.ts";
import { damageError, fileFailure } from "./data_error.ts";
import { DataFolder, dataPath, END_NAME } from "./data_folder.ts";
import { LiveRows } from "./live_rows.ts";
import { LogStore } from "./log_store.ts";
import { loadModules, type Modules } from "./modules.ts";
import { removeFile } from "./remove_file.ts";
import { Replay } from "./replay.ts";
import { Segment } from "./segment.ts";
import { LOG_SIZES, type LogSizes, Segments, SPARE } from "./segments.ts";

/** Options of {@linkcode openLog}. */
export interface LogOptions {
  /** The runtime's modules. @default those of this runtime */
  readonly modules?: Modules | undefined;
  /** Resolves after other clients are served. @default after a timer */
  readonly letOthersRun?: (() => Promise<void>) | undefined;
  readonly sizes?: LogSizes | undefined;
}

/**
 * Opens the log in a folder, and creates both if they do not exist.
 *
 * @throws {ConfigError} `INVALID_OPTION` for an invalid path, `UNSUPPORTED_RUNTIME` if there is no
 *   `node:sqlite`, `INVALID_DATA` for a folder of another program or a damaged log, `DATA_IN_USE`
 *   if another server has the folder open, `DATA_UNAVAILABLE` if it cannot be read and written.
 */
export async function openLog(data: unknown, options: LogOptions = {}): Promise<LogStore> {
  const modules = options.modules ?? loadModules();
  const folder = DataFolder.claim(dataPath(data, modules), modules);
  const opener = new LogOpener(folder, modules, options);
  try {
    return await opener.open();
  } catch (cause) {
    folder.release();
    const isSystems = !(cause instanceof ConfigError) && (cause as { code?: string }).code;
    throw isSystems ? fileFailure(folder.path, cause) : cause;
  }
}

/** Resolves in the next turn of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => void systemClock.after(0, resolve));
}

class LogOpener {
  readonly #folder: DataFolder;
  readonly #modules: Modules;
  readonly #letOthersRun: () => Promise<void>;
  readonly #sizes: LogSizes;
  readonly #arena = new JobArena();
  readonly #live = new LiveRows();
  #replay: Replay;
  #segments: Segment[] = [];

  constructor(
    folder: DataFolder,
    modules: Modules,
    { letOthersRun = nextTurn, sizes = LOG_SIZES }: LogOptions,
  ) {
    this.#folder = folder;
    this.#modules = modules;
    this.#letOthersRun = letOthersRun;
    this.#sizes = sizes;
    this.#replay = this.#begin();
  }

  async open(): Promise<LogStore> {
    const numbers = this.#folder.segments();
    await this.#readAll(numbers);
    this.#checkEnd();
    this.#replay.finish();
    while (this.#arena.isSparse) {
      this.#arena.compact();
      await this.#letOthersRun();
    }
    const [folder, modules, live] = [this.#folder, this.#modules, this.#live];
    await this.#saveLastGroup();
    await folder.sync();
    const { oldest } = this.#replay;
    for (const number of numbers) {
      if (number < oldest) removeFile(folder.segmentPath(number), modules.files);
    }
    const all = this.#segments.filter(({ number }) => number >= oldest);
    const last = all.pop();
    all.push(this.#openLast(last?.number ?? Math.max(oldest, 1), last));
    const hasSpare = this.#exists(folder.pathOf(SPARE));
    const segments = new Segments(all, { folder, modules, live, sizes: this.#sizes, hasSpare });
    return new LogStore({
      folder,
      segments,
      live,
      arena: this.#arena,
      replay: this.#replay,
      letOthersRun: this.#letOthersRun,
    });
  }

  #begin(): Replay {
    this.#arena.clear();
    this.#live.clearAll();
    this.#segments = [];
    return new Replay({ path: this.#folder.path, arena: this.#arena, live: this.#live });
  }

  async #readAll(numbers: readonly number[]): Promise<void> {
    let failure: { readonly number: number; readonly error: unknown } | undefined;
    const missing = (number: number) => ({
      number,
      error: damageError(this.#folder.path, `${this.#folder.segmentPath(number)} is missing`),
    });
    if (numbers.length > 0 && numbers[0]! > 1) failure = missing(numbers[0]! - 1);
    let expected = numbers[0];
    for (const number of numbers) {
      if (number !== expected) {
        failure = missing(number - 1);
        this.#replay = this.#begin();
      }
      expected = number + 1;
      const isLast = number === numbers.at(-1);
      try {
        const [segment, bytes] = this.#read(number);
        this.#replay.read(segment, bytes, isLast);
        this.#segments.push(segment);
      } catch (error) {
        // If the segment is no longer needed, the later ones are enough.
        if (isLast) throw error;
        failure = { number, error };
        this.#replay = this.#begin();
      }
      await this.#letOthersRun();
    }
    if (failure !== undefined && this.#replay.oldest <= failure.number) throw failure.error;
  }

  #read(number: number): [segment: Segment, bytes: Uint8Array] {
    const { files } = this.#modules;
    const path = this.#folder.segmentPath(number);
    const fd = files.openSync(path, "r");
    try {
      const { size } = files.fstatSync(fd, { bigint: true });
      const bytes = new Uint8Array(Number(size));
      let at = 0;
      while (at < bytes.length) {
        const count = files.readSync(fd, bytes, at, bytes.length - at, at);
        if (count === 0) break;
        at += count;
      }
      return [new Segment(number, path, { end: 0 }, this.#modules), bytes];
    } finally {
      files.closeSync(fd);
    }
  }

  /**
   * @throws {ConfigError} `INVALID_DATA` if the log ends before the position where it was closed.
   */
  #checkEnd(): void {
    const { files } = this.#modules;
    const path = this.#folder.pathOf(END_NAME);
    if (!this.#exists(path)) return;
    let recordedEnd: { segment: number; end: number };
    try {
      recordedEnd = JSON.parse(new TextDecoder().decode(files.readFileSync(path)));
      if (!(recordedEnd.segment > 0 && recordedEnd.end >= 0)) {
        throw new TypeError("it has no end");
      }
    } catch (cause) {
      throw damageError(this.#folder.path, `${path}: ${(cause as Error).message}`);
    }
    const last = this.#segments.at(-1);
    const isWhole = last !== undefined &&
      (last.number > recordedEnd.segment ||
        last.number === recordedEnd.segment && last.end >= recordedEnd.end);
    if (isWhole) return;
    throw damageError(
      this.#folder.path,
      `it ends before byte ${recordedEnd.end} of ${this.#folder.segmentPath(recordedEnd.segment)}`,
    );
  }

  /**
   * Saves the last group again. A server that was killed may have written it and not synced it, and
   * after a sync that failed, the system does not write it again by itself.
   */
  async #saveLastGroup(): Promise<void> {
    const group = this.#replay.takeLastGroup();
    if (group === undefined) return;
    const { segment: { number, path, end }, from, bytes } = group;
    const fd = this.#modules.files.openSync(path, "r+");
    const segment = new Segment(number, path, { fd, end }, this.#modules);
    try {
      await segment.write([bytes], from);
      await segment.sync();
    } finally {
      segment.close();
    }
  }

  /** Opens the last segment for writing, and cuts off an incomplete group. */
  #openLast(number: number, read: Segment | undefined): Segment {
    const { files } = this.#modules;
    const path = this.#folder.segmentPath(number);
    const end = read?.end ?? 0;
    const fd = files.openSync(path, this.#exists(path) ? "r+" : "wx+");
    files.ftruncateSync(fd, end);
    const segment = new Segment(number, path, { fd, end }, this.#modules);
    segment.live = read?.live ?? 0;
    if (read !== undefined) this.#live.replace(segment);
    return segment;
  }

  #exists(path: string): boolean {
    return this.#modules.files.statSync(path, { bigint: true, throwIfNoEntry: false }) !==
      undefined;
  }
}
