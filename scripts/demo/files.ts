import { tableOf } from "../../src/cli/table.ts";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";

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
  const rowOf = (kind: string, some: readonly FileFacts[]) => {
    const sumOf = (field: "lines" | "bytes") => some.reduce((sum, one) => sum + one[field], 0);
    return [kind, some.length, sumOf("lines"), sumOf("bytes")] as const;
  };
  const kinds = [...new Set(facts.map(({ kind }) => kind))];
  const rows = kinds.map((kind) => rowOf(kind, facts.filter((one) => one.kind === kind)));
  rows.sort((a, b) => b[3] - a[3]).push(rowOf("all", facts));
  return tableOf(["kind", "files", "lines", "bytes"], rows, { rule: true });
}
