import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";

/** Folders that contain no files of the project itself. */
const SKIPPED = new Set([".git", "node_modules", "dist", "target"]);

/** Returns the files in a folder and its subfolders, sorted by name. Does not follow links. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) paths.push(...await filesBelow(path));
    else if (entry.isFile()) paths.push(path);
  }
  return paths;
}

/** Facts about a file. */
export interface FileFacts {
  readonly path: string;
  readonly kind: string;
  readonly bytes: number;
  readonly lines: number;
  readonly sha256: string;
}

/** Reads a file, hashes it and counts its lines. */
export async function examine(path: string, signal: AbortSignal): Promise<FileFacts> {
  const content = await readFile(path, { signal });
  let lines = 0;
  for (const byte of content) if (byte === 10) lines++;
  return {
    path,
    kind: extname(path) || "(none)",
    bytes: content.length,
    lines,
    sha256: createHash("sha256").update(content).digest("hex"),
  };
}
