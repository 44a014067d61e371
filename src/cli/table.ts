import Table from "cli-table3";
import { plain, whole } from "./text.ts";

/** Lines that would make a frame: none, so that `grep`, `awk` and eyes have only the words. */
const FRAME = Object.fromEntries(
  ["top", "bottom", "left", "right"].flatMap((side) => [
    [side, ""],
    ...["mid", "left", "right"].map((place) => [`${side}-${place}`, ""]),
  ]).concat([["mid", ""], ["left-mid", ""], ["mid-mid", ""], ["right-mid", ""], ["middle", "  "]]),
);

/** Rows in columns, numbers to the right; the widths are those of the texts. */
export function tableOf(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const isNumber = head.map((_, column) => rows.some((row) => typeof row[column] === "number"));
  const table = new Table({
    chars: FRAME,
    colAligns: isNumber.map((is) => is ? "right" : "left"),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  table.push([...head]);
  for (const row of rows) {
    table.push(row.map((cell) => typeof cell === "number" ? whole(cell) : plain(cell)));
  }
  return table.toString().split("\n").map((line) => line.trimEnd()).join("\n");
}
