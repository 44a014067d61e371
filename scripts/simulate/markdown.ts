import type { Counts, Report } from "./report.ts";

/** Returns a report as the tables of docs/reliability.md. */
export function markdownOf(report: Report): string {
  const { worlds, jobs, minutes, failures, cpuSeconds, seeds } = report;
  const total = sumOf(report.faults);
  const rows: readonly (readonly [string, string])[] = [
    ["jobs", numbered(jobs)],
    ["worlds", `${numbered(worlds)} (${listed(report.storage)})`],
    ["time in the worlds", `${numbered(Math.round(minutes / 60))} hours`],
    ["faults", numbered(total)],
    ["runs", numbered(report.counts["runs"] ?? 0)],
    ["seeds", seeds.map(({ from, to }) => from === to ? from : `${from} to ${to}`).join(", ")],
    ["processor time", `${(cpuSeconds / 3600).toFixed(2)} hours`],
    ["violations", numbered(failures.length)],
  ];
  return [
    tableOf(["", ""], rows),
    tableOf(["fault", "times"], countRows(report.faults)),
    tableOf(["end of a process", "times"], countRows(report.restarts)),
    tableOf(["a job ran again because", "times"], countRows(report.reruns)),
    tableOf(["commit and engine", "jobs"], countRows(report.sources)),
    ...failures.length === 0 ? [] : [
      tableOf(
        ["violation", "replay"],
        failures.map(({ rule, replay }) => [rule, `\`${replay}\``] as const),
      ),
    ],
  ].join("\n\n");
}

function tableOf(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

function countRows(counts: Counts): readonly (readonly [string, string])[] {
  return Object.entries(counts).sort(([, a], [, b]) => b - a)
    .map(([name, count]) => [name, numbered(count)] as const);
}

function listed(counts: Counts): string {
  return Object.entries(counts).map(([name, count]) => `${numbered(count)} ${name}`).join(", ");
}

function sumOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function numbered(count: number): string {
  return count.toLocaleString("en");
}
