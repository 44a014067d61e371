import { explained } from "./explained.ts";
import type { Counts, Failure, Report } from "./report.ts";

/** The line of a page after which everything is written by a program. */
export const MARKER = "<!-- Everything below is written by a program. -->";

/** Returns a report as the tables of docs/simulation_report.md. */
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
    ...seedLists(seeds),
    tableOf(["fault", "times"], countRows(report.faults)),
    tableOf(["end of a process", "times"], countRows(report.restarts)),
    tableOf(["a job ran again because", "times"], countRows(report.reruns)),
    tableOf(["commit, engine", "jobs"], countRows(report.sources).filter(([, n]) => n !== "0")),
    ...failures.length === 0
      ? []
      : [tableOf(["violated rule", "explanation", "seeds (commit)"], violationRows(failures))],
  ].join("\n\n");
}

/** Jobs of reports that do not tell the storage are counted apart. */
function jobsByStorage({ jobs, storageJobs = {} }: Report): Counts {
  const unknown = jobs - sumOf(storageJobs);
  return unknown === 0 ? storageJobs : { ...storageJobs, "not recorded": unknown };
}

/** Returns a sentence for each size of worlds. */
function seedLists(seeds: Report["seeds"]): readonly string[] {
  const sizes = [...new Set(seeds.map(({ perWorld }) => perWorld))];
  return sizes.map((size) => {
    const ranges = seeds.filter(({ perWorld }) => perWorld === size)
      .map(({ from, to }) => from === to ? `${from}` : `${from} to ${to}`);
    return `Seeds of worlds with ${numbered(size)} jobs: ${ranges.join(", ")}.`;
  });
}

/** Returns a row for each rule and explanation, with all seeds whose worlds violated the rule. */
function violationRows(failures: readonly Failure[]): readonly (readonly string[])[] {
  const rows: Record<string, string[]> = {};
  for (const one of failures) {
    (rows[`${one.rule} | ${explanationOf(one)}`] ??= []).push(seedAndCommit(one));
  }
  return Object.entries(rows).map(([row, seeds]) => [row, seeds.join(", ")]);
}

/** Returns the explanation of a violation that was written by hand. */
function explanationOf(failure: Failure): string {
  return explained[seedOf(failure)] ?? "not explained yet";
}

function seedAndCommit(failure: Failure): string {
  const { commit } = failure;
  return commit === undefined ? seedOf(failure) : `${seedOf(failure)} (${commit})`;
}

function seedOf({ replay }: Failure): string {
  return /--seed (\d+)/.exec(replay)?.[1] ?? "";
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
