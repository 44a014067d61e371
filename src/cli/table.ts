import { formatInteger, printable } from "./text.ts";
import { align, widthOf } from "./width.ts";

/** Content of a cell. Numbers are formatted, and their column is aligned to the right. */
export type Cell = string | number;

/** Layout of a table. */
export interface TableOptions {
  /** Columns aligned to the right. @default columns with numbers */
  readonly right?: readonly number[];
  /** Text between two columns. @default two spaces, so that `grep` and `awk` see only words */
  readonly between?: string;
  /** If true, draws a line under the head. @default false */
  readonly rule?: boolean;
}

/** Formats rows as columns, each as wide as its widest text. */
export function tableOf(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions = {},
): string {
  const { between = "  ", rule = false } = options;
  const right = options.right ??
    head.flatMap((_, column) => rows.some((row) => typeof row[column] === "number") ? column : []);
  const lines = [head, ...rows].map((row) =>
    head.map((_, column) => {
      const cell = row[column] ?? "";
      return typeof cell === "number" ? formatInteger(cell) : printable(cell);
    })
  );
  const widths = head.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column]!))));
  const drawn = lines.map((line) =>
    line.map((text, column) =>
      align(text, widths[column]!, right.includes(column) ? "right" : "left")
    ).join(between).trimEnd()
  );
  if (rule) drawn.splice(1, 0, widths.map((width) => "─".repeat(width)).join(between));
  return drawn.join("\n");
}
