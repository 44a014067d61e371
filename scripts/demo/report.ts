import { type Cell, tableOf as table } from "../../src/cli/table.ts";
import type { FileFacts } from "./files.ts";

/** Formats the results as a table, one row per kind of file, the largest first. */
export function tableOf(facts: readonly FileFacts[]): string {
  const kinds = new Map<string, { files: number; lines: number; bytes: number }>();
  for (const { kind, lines, bytes } of facts) {
    const sum = kinds.get(kind) ?? { files: 0, lines: 0, bytes: 0 };
    kinds.set(kind, {
      files: sum.files + 1,
      lines: sum.lines + lines,
      bytes: sum.bytes + bytes,
    });
  }
  const rows: Cell[][] = [...kinds].sort(([, a], [, b]) => b.bytes - a.bytes)
    .map(([kind, { files, lines, bytes }]) => [kind, files, lines, bytes]);
  const total = (pick: (fact: FileFacts) => number) =>
    facts.reduce((sum, fact) => sum + pick(fact), 0);
  rows.push(["all", facts.length, total((f) => f.lines), total((f) => f.bytes)]);
  return table(["kind", "files", "lines", "bytes"], rows, { rule: true });
}
