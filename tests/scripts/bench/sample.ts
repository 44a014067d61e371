import { clients } from "../../../scripts/bench/clients.ts";
import { type Result, Results } from "../../../scripts/bench/results.ts";
import type { Run } from "../../../scripts/bench/task.ts";
import { type ServerKind, workloads } from "../../../scripts/bench/workloads.ts";

/** A run of a second, with so many jobs in it. */
export function run(jobs: number, fields: Partial<Run> = {}): Run {
  return { jobs, seconds: 1, cpuSeconds: 0.5, peakBytes: 64e6, ...fields };
}

/** What a client was measured at. */
export function result(
  [server, workload, client]: readonly [ServerKind, string, string],
  ...runs: readonly Run[]
): Result {
  return {
    server,
    workload: workloads.find(({ name }) => name === workload)!,
    client: clients.find(({ name }) => name === client)!,
    runs,
  };
}

export function resultsOf(...all: readonly Result[]): Results {
  return new Results(all);
}
