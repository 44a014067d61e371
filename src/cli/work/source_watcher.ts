import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import { deferred } from "../../internal/deferred.ts";
import { showText } from "../../internal/show.ts";
import { CliError } from "../failure.ts";
import { Status } from "../status.ts";
import { readSources, type Sources } from "./sources.ts";

/** An editor writes a file in several steps, in milliseconds. */
const SETTLE_MS = 100;

/** Watches files, and what they import by relative paths, for other texts in them. */
export class SourceWatcher {
  readonly #entries: readonly string[];
  readonly #watchers = new Map<string, FSWatcher>();
  #sources: Sources = new Map();
  #found: string[] = [];
  #waiting = deferred();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isReading = false;
  #isClosed = false;

  private constructor(entries: readonly string[]) {
    this.#entries = entries;
  }

  /**
   * Begins to watch `entries`, and all that they import.
   *
   * @throws {CliError} where the system does not allow it.
   */
  static async open(entries: readonly string[]): Promise<SourceWatcher> {
    const watcher = new SourceWatcher(entries);
    try {
      await watcher.#read();
      // What changed while the folders were not watched yet.
      await watcher.#read();
    } catch (error) {
      watcher.close();
      throw error;
    }
    watcher.#found = [];
    return watcher;
  }

  /** The paths of files that have changed since the last call. */
  take(): readonly string[] {
    return this.#found.splice(0);
  }

  /** Resolves once files have changed that `take` has not told of, or on `signal`. */
  async changed(signal: AbortSignal): Promise<void> {
    const aborted = deferred();
    const abort = () => aborted.resolve();
    signal.addEventListener("abort", abort, { once: true });
    while (this.#found.length === 0 && !signal.aborted) {
      await Promise.race([this.#waiting.promise, aborted.promise]);
    }
    signal.removeEventListener("abort", abort);
  }

  /** Watches no longer. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  async #read(): Promise<void> {
    const before = this.#sources;
    const now = this.#sources = await readSources(this.#entries, before);
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

  /** Folders, as a file that an editor puts in another's place is another file. */
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
        // A folder that is no more: what was imported from it is told of as changed.
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
        // A folder that cannot be watched now may be so at the next change.
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
    "leave --watch out, or let the system watch more",
  );
}
