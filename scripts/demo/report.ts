import Table from "cli-table3";
import { whole } from "../../src/cli/text.ts";
import type { FileFacts } from "./files.ts";

/** A table of what was found, a row a kind of file, the largest kinds first. */
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
  const table = new Table({
    head: ["kind", "files", "lines", "bytes"],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  const rows = [...kinds].sort(([, a], [, b]) => b.bytes - a.bytes);
  for (const [kind, { files, lines, bytes }] of rows) {
    table.push([kind, ...[files, lines, bytes].map(whole)]);
  }
  const total = (pick: (fact: FileFacts) => number) =>
    facts.reduce((sum, fact) => sum + pick(fact), 0);
  table.push([
    "all",
    whole(facts.length),
    whole(total((f) => f.lines)),
    whole(total((f) => f.bytes)),
  ]);
  return table.toString();
}
