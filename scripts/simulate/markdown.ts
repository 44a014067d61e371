import { explained } from "./explained.ts";
import type { Counts, Failure, Report } from "./report.ts";

/** Returns a report as the tables of docs/reliability.md. */
export function markdownOf(report: Report): string {
  const { worlds, jobs, minutes, failures, cpuSeconds, seeds } = report;
  const total = sumOf(report.faults);
  const speed = cpuSeconds === 0 ? 0 : Math.round(jobs / cpuSeconds);
  const rows: readonly (readonly [string, string])[] = [
    ["jobs that the server accepted", numbered(jobs)],
    ["jobs by storage of the server", listed(jobsByStorage(report))],
    ["worlds", `${numbered(worlds)} (${listed(report.storage)})`],
    ["simulated time", `${numbered(Math.round(minutes / 60))} hours`],
    ["injected faults", numbered(total)],
    ["runs of handlers", numbered(report.counts["runs"] ?? 0)],
    ["CPU time", `${numbered(Math.round(cpuSeconds))} s, ${numbered(speed)} jobs per second`],
    ["worlds with a violation", numbered(failures.length)],
  ];
  return [
    tableOf(["", ""], rows),
    `Seeds: ${seeds.map(rangeOf).join("; ")}.`,
    tableOf(["fault", "times"], countRows(report.faults)),
    tableOf(["end of a process", "times"], countRows(report.restarts)),
    tableOf(["a job ran again because", "times"], countRows(report.reruns)),
    tableOf(["commit, engine", "jobs"], countRows(report.sources).filter(([, n]) => n !== "0")),
    ...failures.length === 0 ? [] : [
      tableOf(
        ["violation", "commit", "replay", "explanation"],
        failures.map((one) => [
          one.rule,
          one.commit ?? "see above",
          `\`${one.replay}\``,
          explanationOf(one),
        ]),
      ),
    ],
  ].join("\n\n");
}

/** Jobs of reports that do not tell the storage are counted apart. */
function jobsByStorage({ jobs, storageJobs = {} }: Report): Counts {
  const unknown = jobs - sumOf(storageJobs);
  return unknown === 0 ? storageJobs : { ...storageJobs, "not recorded": unknown };
}

function rangeOf({ from, to, perWorld }: Report["seeds"][number]): string {
  const seeds = from === to ? `${from}` : `${from} to ${to}`;
  return `${seeds} (${numbered(perWorld)} jobs)`;
}

/** Returns the explanation of a violation that was written by hand. */
function explanationOf({ replay }: Failure): string {
  const [, seed = ""] = /--seed (\d+)/.exec(replay) ?? [];
  return explained[seed] ?? "not explained yet";
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
