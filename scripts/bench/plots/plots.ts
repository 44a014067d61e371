import { clients } from "../clients.ts";
import { type Figure, figures, type Results } from "../results.ts";
import { serverTitles } from "../tables.ts";
import type { ServerKind, Workload } from "../workloads.ts";
import { type Bar, barChart } from "./bars.ts";
import { type Line, lineChart } from "./lines.ts";

/** A picture and its file's name. */
export interface Plot {
  readonly name: string;
  readonly svg: string;
}

type Chart = { readonly name: string; readonly unit: string; readonly figure: Figure };

const SPEED: Chart = { name: "", unit: "jobs/s, more is better", figure: figures.jobsPerSecond };
const MEMORY: Chart = {
  name: "-memory",
  unit: "peak memory in MB, less is better",
  figure: figures.peakMb,
};
const LATENCY: readonly Chart[] = [
  { name: "-p50", unit: "median in microseconds, less is better", figure: figures.p50Us },
  { name: "-p99", unit: "99th percentile in microseconds, less is better", figure: figures.p99Us },
];

function chartsOf({ work }: Workload): readonly Chart[] {
  if (work === "latency") return LATENCY;
  return work === "stream" ? [SPEED, MEMORY] : [SPEED];
}

/** Everything that there is to see. */
export function plotsOf(results: Results): Plot[] {
  return (["null", "embedded", "real"] as const).flatMap((server) => [
    ...barPlots(results, server),
    ...linePlots(results, server),
  ]);
}

function barPlots(results: Results, server: ServerKind): Plot[] {
  const here = results.all.filter((result) => result.server === server);
  const workloads = new Map(here.map(({ workload }) => [workload.name, workload]));
  return [...workloads.values()].flatMap((workload) =>
    chartsOf(workload).map(({ name, unit, figure }) => ({
      name: `${server}-${workload.name}${name}.svg`,
      svg: barChart({
        title: `${workload.title}, against ${serverTitles[server]}`,
        unit,
        bars: clients.flatMap((client, series): Bar[] => {
          const over = results.spread([server, workload.name, client.name], figure);
          return over === undefined ? [] : [{ name: client.title, series, ...over }];
        }),
      }),
    }))
  );
}

function linePlots(results: Results, server: ServerKind): Plot[] {
  return [
    {
      name: `${server}-growth-consume.svg`,
      title: "fetch, run and ACK",
      along: "jobs at once",
      unit: "jobs/s, more is better",
      figure: figures.jobsPerSecond,
      workloads: /^consume-\d+$/,
    },
    {
      name: `${server}-growth-pending.svg`,
      title: "enqueue with many calls pending",
      along: "calls pending",
      unit: "CPU time in microseconds a job, less is better",
      figure: figures.cpuUsPerJob,
      workloads: /^pending-/,
    },
  ].flatMap(({ name, title, along, unit, figure, workloads }) => {
    const lines = clients.flatMap((client, series): Line[] => {
      const points = results.all
        .filter((result) =>
          result.server === server && result.client.name === client.name &&
          workloads.test(result.workload.name)
        )
        .flatMap(({ workload }) => {
          const over = results.spread([server, workload.name, client.name], figure);
          return over === undefined ? [] : [{ x: workload.concurrency, ...over }];
        });
      return points.length < 2 ? [] : [{ name: client.title, series, points }];
    });
    if (lines.length === 0) return [];
    const svg = lineChart({
      title: `${title}, against ${serverTitles[server]}`,
      unit,
      along,
      lines,
    });
    return [{ name, svg }];
  });
}
