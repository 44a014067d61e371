import { fileFailure } from "./data_error.ts";
import type { FileStat, Modules } from "./modules.ts";

/** Identifies a file, independent of its path. */
export function idOf({ dev, ino }: Pick<FileStat, "dev" | "ino">): string {
  return `${dev} ${ino}`;
}

/** Returns the file at a path, if there is one. */
export function statOf(path: string, { files }: Modules): FileStat | undefined {
  try {
    return files.statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (cause) {
    throw fileFailure(path, cause);
  }
}
