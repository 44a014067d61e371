import { plain, whole } from "./text.ts";
import { align, widthOf } from "./width.ts";

/** What a cell shows: a number is written for people, and its column is aligned to the right. */
export type Cell = string | number;

/** How a table is drawn. */
export interface TableOptions {
  /** Columns aligned to the right. @default those with a number in them */
  readonly right?: readonly number[];
  /**
   * Text between two columns. @default two spaces, so that `grep`, `awk` and eyes have only the
   * words
   */
  readonly between?: string;
  /** Whether a line stands between the head and the rows. @default false */
  readonly rule?: boolean;
}

/** Rows in columns that are as wide as their widest text. */
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
      return typeof cell === "number" ? whole(cell) : plain(cell);
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
