import { formatCount, formatDuration, formatInteger, printable } from "../../text.ts";
import { align, cut, widthOf } from "../../width.ts";
import type { Rates } from "./rates.ts";
import type { Snapshot } from "./snapshot.ts";

/** The data to show. */
export interface ViewData {
  readonly url: string;
  /** The time of day as text. */
  readonly time: string;
  /** The last snapshot. */
  readonly now: Snapshot;
  readonly rates: Rates;
  /** The reason why the data are old, if they are. */
  readonly lost?: string | undefined;
  /** A hint on the keys of the terminal. */
  readonly hint?: string | undefined;
}

/** The size of the screen. */
export interface ScreenSize {
  /** In characters. @default unlimited */
  readonly columns?: number | undefined;
  /** In lines. @default unlimited */
  readonly rows?: number | undefined;
}

/** A line of the screen. */
export interface Line {
  readonly text: string;
  readonly isStrong?: boolean;
}

/** Renders the data as lines that fit the screen. */
export function viewOf(
  data: ViewData,
  { columns = Infinity, rows = Infinity }: ScreenSize,
): Line[] {
  const { lost, now, rates } = data;
  const [first = "", ...more] = flow(headOf(data), columns);
  const lines: Line[] = [
    { text: first, isStrong: true },
    ...[...more, ...flow(totalsOf(now, rates), columns), ...flow(setsOf(now), columns)].map(
      toLine,
    ),
    ...lost === undefined ? [] : flow(["Lost:", ...printable(lost).split(" ")], columns, " ").map(
      (text) => ({ text, isStrong: true }),
    ),
    { text: "" },
  ];
  const left = rows - lines.length;
  return [...lines, ...queueLines(data, columns, left)].slice(0, rows);
}

function headOf({ url, time, now: { server }, hint }: ViewData): string[] {
  const { description, version, uptimeSeconds, connections, usedMemoryMb } = server;
  return [
    printable(`${description} ${version}`),
    url,
    `up ${formatDuration(uptimeSeconds)}`,
    formatCount(connections, "connection"),
    `${formatInteger(usedMemoryMb)} MB`,
    time,
    ...hint === undefined ? [] : [hint],
  ];
}

function totalsOf(
  { totals }: Snapshot,
  { enqueued, processed, failed, commands }: Rates,
): string[] {
  return [
    `enqueued ~${rateText(enqueued)}`,
    `processed ${rateText(processed)} (${formatInteger(totals.processed)})`,
    `failed ${rateText(failed)} (${formatInteger(totals.failures)})`,
    `commands ${rateText(commands)}`,
  ];
}

function setsOf({ sets }: Snapshot): string[] {
  return (["working", "scheduled", "retries", "dead"] as const).map((name) =>
    `${name} ${formatInteger(sets[name])}`
  );
}

/** Minimum width of the name column. */
const MIN_NAME = 10;
const GAP = 2;

/** Columns between two tables of queues. */
const TABLE_GAP = 4;

const HEAD = ["queue", "jobs", "change", "latency"];

/** Shows the queues. If there are more than lines, uses the whole width for several tables. */
function queueLines({ now, rates }: ViewData, columns: number, rows: number): Line[] {
  const names = Object.keys(now.queues).sort();
  if (names.length === 0) return [{ text: cut("No queues", columns) }];
  const cellsOf = (name: string) => {
    const latency = now.latencies.get(name);
    return [
      printable(name),
      formatInteger(now.queues[name] ?? 0),
      growthText(rates.growth.get(name)),
      latency === undefined ? "-" : age(latency),
    ];
  };
  if (names.length < rows) return tableLines([names.map(cellsOf)], columns);
  // One line for the head, and one for the number of queues that are left out.
  const height = Math.max(0, rows - 2);
  const needed = Math.ceil(names.length / Math.max(1, height));
  for (let tables = Math.min(needed, maxTables(columns)); tables > 0; tables--) {
    const shown = largest(names, now.queues, height * tables);
    const cells = shown.map(cellsOf);
    const parts = Array.from(
      { length: Math.ceil(cells.length / Math.max(1, height)) || 1 },
      (_, part) => cells.slice(part * height, (part + 1) * height),
    );
    if (tables > 1 && widthOfTables(parts) > columns) continue;
    const rest = names.length - shown.length;
    return [
      ...tableLines(parts, columns),
      ...rest === 0 ? [] : [{ text: cut(`and ${formatCount(rest, "smaller queue")}`, columns) }],
    ];
  }
  return [];
}

/** Returns how many of the narrowest tables fit next to each other. */
function maxTables(columns: number): number {
  const narrowest = HEAD.reduce((sum, text) => sum + text.length + GAP, -GAP);
  return Math.max(1, Math.floor((columns + TABLE_GAP) / (narrowest + TABLE_GAP)));
}

type Cells = readonly (readonly string[])[];

function widthOfTables(parts: readonly Cells[]): number {
  const widths = parts.map((cells) =>
    HEAD.reduce(
      (sum, head, i) => sum + GAP + Math.max(head.length, ...cells.map((row) => widthOf(row[i]!))),
      -GAP,
    )
  );
  return widths.reduce((sum, width) => sum + width + TABLE_GAP, -TABLE_GAP);
}

/** Formats tables of queues next to each other. */
function tableLines(parts: readonly Cells[], columns: number): Line[] {
  const tables = parts.map((cells) => columnsOf([HEAD, ...cells], columns));
  const between = " ".repeat(TABLE_GAP);
  return tables[0]!.map((_, row) => ({
    // A later table may be shorter, but never one before another.
    text: tables.flatMap((lines) => lines[row] ?? []).join(between),
    isStrong: row === 0,
  }));
}

/** Returns the names of the largest queues, in the original order. */
function largest(
  names: readonly string[],
  sizes: Readonly<Record<string, number>>,
  room: number,
): string[] {
  const chosen = new Set(
    [...names].sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0)).slice(0, room),
  );
  return names.filter((name) => chosen.has(name));
}

/**
 * Formats rows of a name and numbers. If they are too wide, drops the last columns, then shortens
 * the names.
 */
function columnsOf(rows: readonly (readonly string[])[], columns: number): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => widthOf(row[column]!))));
  const needed = () => widths.slice(1).reduce((sum, width) => sum + width + GAP, 0);
  while (widths.length > 2 && Math.min(widths[0]!, MIN_NAME) + needed() > columns) widths.pop();
  const nameWidth = Math.max(1, Math.min(widths[0]!, columns - needed()));
  return rows.map(([name = "", ...data]) =>
    cut(
      [
        align(cut(name, nameWidth), nameWidth, "left"),
        ...widths.slice(1).map((width, column) => align(data[column]!, width, "right")),
      ].join(" ".repeat(GAP)),
      columns,
    )
  );
}

/** Joins pieces, and breaks lines where needed. */
function flow(pieces: readonly string[], columns: number, between = "  "): string[] {
  const lines: string[] = [];
  let line = "";
  for (const piece of pieces) {
    const longer = line === "" ? piece : line + between + piece;
    if (widthOf(longer) <= columns || line === "") {
      line = longer;
      continue;
    }
    lines.push(line);
    line = piece;
  }
  return [...lines, line].map((text) => cut(text, columns));
}

function toLine(text: string): Line {
  return { text };
}

function rateText(rate: number | undefined): string {
  return rate === undefined ? "-" : `${formatNumber(rate)}/s`;
}

function growthText(growth: number | undefined): string {
  if (growth === undefined) return "-";
  const text = formatNumber(Math.abs(growth));
  return text === "0" ? "0/s" : `${growth > 0 ? "+" : "-"}${text}/s`;
}

/** Formats a number: small ones with one decimal. */
function formatNumber(value: number): string {
  return value >= 100 ? formatInteger(Math.round(value)) : String(Math.round(value * 10) / 10);
}

/** Formats how long a job has waited. */
function age(seconds: number): string {
  return seconds < 10 ? `${formatNumber(Math.max(0, seconds))} s` : formatDuration(seconds);
}
