import { type Cell, tableOf } from "../../src/cli/table.ts";
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

export interface FileFacts {
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
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { kind: extname(path) || "(none)", bytes: content.length, lines, sha256 };
}

/** Formats the results as a table, one row per kind of file, the largest first. */
export function report(facts: readonly FileFacts[]): string {
  const sums = new Map<string, { files: number; lines: number; bytes: number }>();
  for (const { kind, ...fact } of facts) {
    for (const name of [kind, "all"]) {
      const { files, lines, bytes } = sums.get(name) ?? { files: 0, lines: 0, bytes: 0 };
      sums.set(name, {
        files: files + 1,
        lines: lines + fact.lines,
        bytes: bytes + fact.bytes,
      });
    }
  }
  const all = sums.get("all");
  sums.delete("all");
  const rows = [...sums].sort(([, a], [, b]) => b.bytes - a.bytes);
  if (all !== undefined) rows.push(["all", all]);
  const cells = rows.map(([name, { files, lines, bytes }]): Cell[] => [name, files, lines, bytes]);
  return tableOf(["kind", "files", "lines", "bytes"], cells, { rule: true });
}
