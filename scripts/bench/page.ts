import type { Verdict } from "./goals.ts";
import type { Machine } from "./machine.ts";
import type { Plot } from "./plots/plots.ts";
import { notesOf, resultTables, serverTitles, TEXT_COLUMNS } from "./tables.ts";
import type { Results } from "./results.ts";
import type { ServerKind } from "./workloads.ts";

/** What a page tells. */
export interface PageOptions {
  readonly results: Results;
  readonly machine: Machine;
  readonly verdicts: readonly Verdict[];
  readonly plots: readonly Plot[];
}

/** All figures as a page of Markdown, which stands beside the plots. */
export function pageOf({ results, machine, verdicts, plots }: PageOptions): string {
  const { date, commit, cpu, cores, memoryMb, system, versions } = machine;
  const runtimes = Object.entries(versions).filter(([, version]) => version !== "");
  const place = [
    ...[date, `commit ${commit}`, `${cores} x ${cpu}`, `${memoryMb} MB of memory`, system],
    ...runtimes.map(([name, version]) => `${name} ${version}`),
  ];
  const tables = resultTables(results);
  const servers = [...new Set(tables.map(({ server }) => server))];
  const parts = [
    "# Figures",
    "Made by `deno task bench`, not by hand: medians of all rounds. The page on performance tells what is measured, and how.",
    `${place.join(", ")}.`,
    ...servers.flatMap((server) => [
      `## Against ${serverTitles[server]}`,
      ...tables.filter((one) => one.server === server)
        .map(({ head, rows }) => tableOf(head, rows, TEXT_COLUMNS)),
      ...picturesOf(plots, server),
    ]),
    notesOf(results.omissions).join("\n"),
    "## Goals",
    tableOf(["goal", "", "figures"], verdicts.map(rowOf), 3),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function picturesOf(plots: readonly Plot[], server: ServerKind): string[] {
  return plots.filter(({ name }) => name.startsWith(`${server}-`))
    .map(({ name }) => `![${name.slice(0, -".svg".length)}](${name})`);
}

function rowOf({ goal, isReached, figure }: Verdict): string[] {
  if (isReached === undefined) return [goal, "not measured", ""];
  return [goal, isReached ? "reached" : "**not reached**", figure];
}

/** A table of which the first columns are texts. */
function tableOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  texts: number,
): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |`;
  const rule = `| ${head.map((_, i) => i < texts ? "---" : "---:").join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function escaped(cell: string): string {
  return cell.replaceAll("|", "\\|");
}
