import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import { deferred } from "../../../internal/deferred.ts";
import { showText } from "../../../internal/show.ts";
import { CliError } from "../../failure.ts";
import { Status } from "../../status.ts";
import { type ModuleFiles, readModuleFiles } from "./module_files.ts";

/** Wait after a change, in ms, since editors write a file in several steps. */
const SETTLE_MS = 100;

/** Watches files and their relative imports for changed content. */
export class SourceWatcher {
  readonly #entries: readonly string[];
  readonly #watchers = new Map<string, FSWatcher>();
  #sources: ModuleFiles = new Map();
  #found: string[] = [];
  #waiting = deferred();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isReading = false;
  #isClosed = false;

  private constructor(entries: readonly string[]) {
    this.#entries = entries;
  }

  /**
   * Starts watching `entries` and all that they import.
   *
   * @throws {CliError} if the system does not allow it.
   */
  static async open(entries: readonly string[]): Promise<SourceWatcher> {
    const watcher = new SourceWatcher(entries);
    try {
      await watcher.#read();
      // Finds changes from before the folders were watched.
      await watcher.#read();
    } catch (error) {
      watcher.close();
      throw error;
    }
    watcher.#found = [];
    return watcher;
  }

  /** Returns and clears the paths of the changed files. */
  take(): readonly string[] {
    return this.#found.splice(0);
  }

  /** Resolves when there are changed files, or on `signal`. */
  async changed(signal: AbortSignal): Promise<void> {
    const aborted = deferred();
    const abort = () => aborted.resolve();
    signal.addEventListener("abort", abort, { once: true });
    while (this.#found.length === 0 && !signal.aborted) {
      await Promise.race([this.#waiting.promise, aborted.promise]);
    }
    signal.removeEventListener("abort", abort);
  }

  /** Stops watching. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  async #read(): Promise<void> {
    const before = this.#sources;
    const now = this.#sources = await readModuleFiles(this.#entries, before);
    if (this.#isClosed) return;
    this.#watch(new Set([...this.#entries, ...now.keys()].map((path) => dirname(path))));
    const paths = new Set([...before.keys(), ...now.keys()]);
    for (const path of paths) {
      const isSame = before.get(path)?.text === now.get(path)?.text;
      if (!isSame && !this.#found.includes(path)) this.#found.push(path);
    }
    if (this.#found.length === 0) return;
    this.#waiting.resolve();
    this.#waiting = deferred();
  }

  /** Watches folders, since an editor may replace a file with a new one. */
  #watch(folders: ReadonlySet<string>): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, () => this.#readSoon());
        // The folder was removed. The files imported from it count as changed.
        watcher.on("error", () => this.#readSoon());
        this.#watchers.set(folder, watcher);
      } catch (error) {
        throw unwatchable(folder, error);
      }
    }
  }

  #readSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      if (this.#isReading) return this.#readSoon();
      this.#isReading = true;
      try {
        await this.#read();
      } catch {
        // The folder may be watchable at the next change.
      } finally {
        this.#isReading = false;
      }
    }, SETTLE_MS);
  }
}

function unwatchable(folder: string, error: unknown): CliError {
  return new CliError(
    Status.unavailable,
    `Cannot watch ${showText(folder)}: ${(error as Error).message}`,
    "leave out --watch, or raise the system's limit on watched folders",
  );
}
