import type { Omission, Subject } from "./plan.ts";
import { type Spread, spreadOf } from "./statistics.ts";
import type { Run } from "./task.ts";
import type { ServerKind } from "./workloads.ts";

/** A client at a workload on a server, measured in each round. */
export interface Result extends Subject {
  readonly runs: readonly Run[];
}

/** One figure of a run; `undefined` where it has none of the kind. */
export type Figure = (run: Run) => number | undefined;

/** The figures of a run, each in one unit. */
export const figures = {
  jobsPerSecond: ({ jobs, seconds }) => jobs / seconds,
  cpuUsPerJob: ({ cpuSeconds, jobs }) => cpuSeconds / jobs * 1e6,
  peakMb: ({ peakBytes }) => peakBytes / 1e6,
  p50Us: ({ latency }) => latency?.p50Us,
  p99Us: ({ latency }) => latency?.p99Us,
  growth: ({ growth }) => growth,
  connections: ({ server }) => server?.connections,
  busy: ({ server }) => server?.busy,
} satisfies Record<string, Figure>;

/** All that was measured. */
export class Results {
  readonly all: readonly Result[];
  readonly omissions: readonly Omission[];

  constructor(all: readonly Result[], omissions: readonly Omission[] = []) {
    this.all = all;
    this.omissions = omissions;
  }

  find(server: ServerKind, workload: string, client: string): Result | undefined {
    return this.all.find((result) =>
      result.server === server && result.workload.name === workload &&
      result.client.name === client
    );
  }

  /** A figure over the rounds. */
  spread(
    [server, workload, client]: readonly [ServerKind, string, string],
    figure: Figure,
  ): Spread | undefined {
    const result = this.find(server, workload, client);
    return result === undefined ? undefined : spread(result, figure);
  }
}

/** A figure over the rounds; `undefined` where there is none of the kind. */
export function spread({ runs }: Result, figure: Figure): Spread | undefined {
  const values = runs.map(figure).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : spreadOf(values);
}
