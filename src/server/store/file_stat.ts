import { fileFailure } from "./data_error.ts";
import type { FileStat, Modules } from "./modules.ts";

/** Names a file, whatever path leads to it. */
export function idOf({ dev, ino }: Pick<FileStat, "dev" | "ino">): string {
  return `${dev} ${ino}`;
}

/** What is at a path, if anything is. */
export function statOf(path: string, { files }: Modules): FileStat | undefined {
  try {
    return files.statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (cause) {
    throw fileFailure(path, cause);
  }
}
