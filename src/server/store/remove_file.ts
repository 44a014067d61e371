import type { FileModule } from "./modules.ts";

/** Removes a file. Returns false if it does not exist or cannot be removed. */
export function removeFile(path: string, files: FileModule): boolean {
  try {
    files.unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
