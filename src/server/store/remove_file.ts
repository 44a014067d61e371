import type { FileModule } from "./modules.ts";

/** Removes a file. Returns true if it existed and was removed. */
export function removeFile(path: string, files: FileModule): boolean {
  try {
    files.unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
