import { formatInteger } from "../../src/cli/text.ts";
import { type Client, clients } from "./clients.ts";
import { type Spread, spreadOf } from "./statistics.ts";
import type { Measurement } from "./task.ts";
import { type ServerKind, servers, type Workload, workloads } from "./workloads.ts";

/** A client that does a workload on a server. */
export interface Subject {
  readonly server: ServerKind;
  readonly workload: Workload;
  readonly client: Client;
}

/** A client's run, measured. */
export interface Run extends Measurement {
  /** CPU time of the server during the run, where the bench started it, as a share of one core. */
  readonly serverBusy?: number | undefined;
}

/** The runs of a subject, one a round. */
export interface Result extends Subject {
  readonly runs: readonly Run[];
}

/** A subject that was left out or failed. */
export interface Omission extends Subject {
  readonly reason: string;
}

/** A figure of a run; `undefined` if the run has none. */
export type Figure = (run: Run) => number | undefined;

export const figures = {
  jobsPerSecond: ({ jobs, seconds }) => jobs / seconds,
  cpuUsPerJob: ({ cpuSeconds, jobs }) => cpuSeconds / jobs * 1e6,
  peakMb: ({ peakBytes }) => peakBytes / 1e6,
  p50Us: ({ latency }) => latency?.p50Us,
  p99Us: ({ latency }) => latency?.p99Us,
  connections: ({ connections }) => connections,
  serverBusy: ({ serverBusy }) => serverBusy,
} satisfies Record<string, Figure>;

/** A figure over all rounds; `undefined` if no run has it. */
export function spread(result: Result | undefined, figure: Figure): Spread | undefined {
  const values = result?.runs.map(figure).filter((value) => value !== undefined) ?? [];
  return values.length === 0 ? undefined : spreadOf(values);
}

/** Ratio of a figure of `one` to that of `other`, round by round: both saw the same machine. */
export function ratio(
  one: Result | undefined,
  other: Result | undefined,
  figure: Figure,
): Spread | undefined {
  const ratios = (one?.runs ?? []).flatMap((run, round) => {
    const [mine, theirs] = [figure(run), other?.runs[round] && figure(other.runs[round])];
    return mine === undefined || theirs === undefined ? [] : [mine / theirs];
  });
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}

/** The server on which the peers' own servers are compared with ours. */
const REFERENCE = "real";

/** All results, as Markdown: a table for each server. */
export function tablesOf(results: readonly Result[], omissions: readonly Omission[]): string {
  const groups = servers.map(({ name, title, durability }) => {
    const here = results.filter(({ server }) => server === name);
    const isLatency = ({ workload }: Result) => workload.work === "latency";
    const tables = [
      markdown(RATE_HEAD, rowsOf(here.filter((one) => !isLatency(one)), results, rateCells)),
      markdown(LATENCY_HEAD, rowsOf(here.filter(isLatency), results, latencyCells)),
    ];
    return here.length === 0 ? [] : [`## ${title}`, durability, ...tables];
  });
  const notes = new Set(omissions.map(({ client, reason }) => `- ${client.title}: ${reason}`));
  return [...groups.flat(), [...notes].join("\n")].filter((part) => part !== "").join("\n\n");
}

type Cells = (result: Result, reference: Result | undefined) => string[];

const RATE_HEAD = [
  ...["work", "client", "jobs/s", "least - most", "ours is (least - most)"],
  ...["CPU us/job", "peak MB", "connections", "server busy"],
];
const LATENCY_HEAD = [
  ...["work", "client", "p50 us", "least - most", "p99 us", "ours takes (least - most)"],
];

function rowsOf(here: readonly Result[], all: readonly Result[], cells: Cells): string[][] {
  return workloads.flatMap(({ name, title }) => {
    const rows = clients.flatMap((client) => {
      const result = here.find((one) =>
        one.workload.name === name && one.client.name === client.name
      );
      if (result === undefined) return [];
      // All are compared with ours on Node, on the same server or otherwise on a real Faktory.
      const find = (server: ServerKind) =>
        all.find((one) =>
          one.server === server && one.workload.name === name && one.client.name === "node"
        );
      const reference = find(result.server) ?? find(REFERENCE);
      return [[client.title, ...cells(result, reference === result ? undefined : reference)]];
    });
    return rows.map((row, index) => [index === 0 ? title : "", ...row]);
  });
}

const rateCells: Cells = (result, reference) => [
  ...range(spread(result, figures.jobsPerSecond), formatInteger),
  times(ratio(reference, result, figures.jobsPerSecond)),
  cell(spread(result, figures.cpuUsPerJob), short),
  cell(spread(result, figures.peakMb), formatInteger),
  cell(spread(result, figures.connections), formatInteger),
  cell(spread(result, figures.serverBusy), (share) => `${formatInteger(share * 100)} %`),
];

const latencyCells: Cells = (result, reference) => [
  ...range(spread(result, figures.p50Us), formatInteger),
  cell(spread(result, figures.p99Us), formatInteger),
  times(ratio(reference, result, figures.p50Us)),
];

function range(over: Spread | undefined, show: (value: number) => string): string[] {
  if (over === undefined) return ["-", "-"];
  return [show(over.median), `${show(over.min)} - ${show(over.max)}`];
}

function cell(over: Spread | undefined, show: (value: number) => string): string {
  return over === undefined ? "-" : show(over.median);
}

function times(over: Spread | undefined): string {
  if (over === undefined) return "-";
  const [median, min, max] = [over.median, over.min, over.max].map(short);
  return `${median}x (${min} - ${max})`;
}

/** A number with at least two digits. */
export function short(value: number): string {
  return value >= 10 ? formatInteger(value) : value.toPrecision(2);
}

/** Returns a table without the columns that have no figure; nothing if it has no rows. */
function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const kept = head.map((_, column) => rows.some((row) => row[column] !== "-"));
  const line = (cells: readonly string[]) =>
    `| ${cells.filter((_, column) => kept[column]).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
