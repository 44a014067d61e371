import { tableOf } from "../../src/cli/table.ts";
import { whole } from "../../src/cli/text.ts";
import { clients } from "./clients.ts";
import type { Omission } from "./plan.ts";
import { type Figure, figures, type Result, type Results, spread } from "./results.ts";
import type { ServerKind, Workload } from "./workloads.ts";

/** How each server is named to people. */
export const serverTitles: Readonly<Record<ServerKind, string>> = {
  null: "a server that does nothing",
  embedded: "the embedded server",
  real: "the server of FAKTORY_URL",
};

/** One row of a table: the workload's title stands in its first row alone. */
export type Row = readonly string[];

const RATE_HEAD = [
  ...["client", "jobs/s", "least - most", "x npm", "CPU us/job", "peak MB", "conns", "server busy"],
];
const LATENCY_HEAD = ["client", "p50 us", "least - most", "p99 us", "least - most", "CPU us/job"];

/** What was measured against one server, of one kind. */
export interface ResultTable {
  readonly server: ServerKind;
  readonly head: readonly string[];
  readonly rows: readonly Row[];
}

/** Columns of texts; all others are numbers. */
export const TEXT_COLUMNS = 2;

/** All results, server by server. */
export function resultTables(results: Results): ResultTable[] {
  return (["null", "embedded", "real"] satisfies ServerKind[]).flatMap((server) =>
    [false, true].map((isLatency) => ({
      server,
      head: ["work", ...isLatency ? LATENCY_HEAD : RATE_HEAD],
      rows: rowsOf(results, server, isLatency),
    }))
  ).filter(({ rows }) => rows.length > 0);
}

/** The tables of all results for a terminal, each with its title. */
export function tablesOf(results: Results): string {
  return resultTables(results).map(({ server, head, rows }) => {
    const right = head.flatMap((_, column) => column < TEXT_COLUMNS ? [] : column);
    const table = tableOf(head, rows, { right, rule: true });
    return `Against ${serverTitles[server]}:\n${table}`;
  }).join("\n\n");
}

/** The rows of one table, workload by workload. */
export function rowsOf(results: Results, server: ServerKind, isLatency: boolean): Row[] {
  const rows: Row[] = [];
  let last: Workload | undefined;
  const push = (workload: Workload, cells: readonly string[]) => {
    rows.push([workload.name === last?.name ? "" : workload.title, ...cells]);
    last = workload;
  };
  const isHere = (one: Result | Omission) =>
    one.server === server && (one.workload.work === "latency") === isLatency;
  const workloads = new Map(
    [...results.all, ...results.omissions].filter(isHere).map((one) => [
      one.workload.name,
      one.workload,
    ]),
  );
  for (const [name, workload] of workloads) {
    const isOf = (one: Result | Omission) => isHere(one) && one.workload.name === name;
    for (const client of clients) {
      const isOfClient = (one: Result | Omission) => isOf(one) && one.client.name === client.name;
      const result = results.all.find(isOfClient);
      if (result !== undefined) {
        push(workload, isLatency ? latencyCells(result) : rateCells(result, results));
      } else if (results.omissions.some(isOfClient)) {
        const empty = isLatency ? LATENCY_HEAD : RATE_HEAD;
        push(workload, [client.title, ...empty.slice(1).map(() => "-")]);
      }
    }
  }
  return rows;
}

function rateCells(result: Result, results: Results): string[] {
  const { server, workload, client } = result;
  const npm = results.spread([server, workload.name, "npm"], figures.jobsPerSecond);
  const own = spread(result, figures.jobsPerSecond);
  return [
    client.title,
    ...spreadCells(result, figures.jobsPerSecond),
    npm === undefined || own === undefined ? "-" : (own.median / npm.median).toFixed(1),
    cell(result, figures.cpuUsPerJob, short),
    cell(result, figures.peakMb, whole),
    cell(result, figures.connections, whole),
    cell(result, figures.busy, (share) => `${whole(share * 100)} %`),
  ];
}

function latencyCells(result: Result): string[] {
  return [
    result.client.title,
    ...spreadCells(result, figures.p50Us),
    ...spreadCells(result, figures.p99Us),
    cell(result, figures.cpuUsPerJob, short),
  ];
}

function spreadCells(result: Result, figure: Figure): string[] {
  const over = spread(result, figure);
  if (over === undefined) return ["-", "-"];
  return [whole(over.median), `${whole(over.min)} - ${whole(over.max)}`];
}

function cell(result: Result, figure: Figure, show: (value: number) => string): string {
  const over = spread(result, figure);
  return over === undefined ? "-" : show(over.median);
}

/** Why what stands as a dash is one, each reason once. */
export function notesOf(omissions: readonly Omission[]): string[] {
  const notes = new Map<string, Set<string>>();
  for (const { client, workload, reason } of omissions) {
    const key = `${client.title}: ${reason}`;
    notes.set(key, (notes.get(key) ?? new Set()).add(workload.name));
  }
  return [...notes].map(([note, names]) => `- ${note} (${[...names].join(", ")})`);
}

/** A number to three digits or so. */
export function short(value: number): string {
  return value >= 100 ? whole(value) : value.toPrecision(2);
}
