import type { WorldResult } from "../../tests/simulation/result.ts";

/** Counts by name. */
export type Counts = Record<string, number>;

/** The sum of the results of many worlds. Reports are JSON, and can be merged. */
export interface Report {
  readonly worlds: number;
  readonly jobs: number;
  /** Simulated time, in minutes. */
  readonly minutes: number;
  /** Number of worlds by the storage of the server. */
  readonly storage: Counts;
  /** Number of jobs by the storage of the server. Reports of earlier versions do not have it. */
  readonly storageJobs?: Counts;
  readonly faults: Counts;
  readonly restarts: Counts;
  readonly reruns: Counts;
  readonly counts: Counts;
  /** Number of jobs by commit and JavaScript engine. */
  readonly sources: Counts;
  /** The simulated seeds. */
  readonly seeds: readonly SeedRange[];
  readonly failures: readonly Failure[];
  /** CPU time of this machine, summed over its processors. */
  readonly cpuSeconds: number;
}

/** Consecutive seeds, both ends included, and the number of jobs in each world. */
export interface SeedRange {
  readonly from: number;
  readonly to: number;
  readonly perWorld: number;
}

/** A world that broke a rule. */
export interface Failure {
  readonly rule: string;
  readonly detail: string;
  /** The command that simulates the world again. */
  readonly replay: string;
  /** The commit of the sources. Reports of earlier versions do not have it. */
  readonly commit?: string;
}

export const emptyReport: Report = {
  worlds: 0,
  jobs: 0,
  minutes: 0,
  storage: {},
  faults: {},
  restarts: {},
  reruns: {},
  counts: {},
  sources: {},
  seeds: [],
  failures: [],
  cpuSeconds: 0,
};

/** Options of a world besides its seed, if they were given. */
export interface GivenOptions {
  readonly perWorld: number;
  readonly minutes?: number | undefined;
  readonly storage?: string | undefined;
}

/** Returns the report of one world. */
export function reportOf(world: WorldResult, from: GivenOptions & { commit: string }): Report {
  const { seed, jobs, minutes, storage, faults, restarts, reruns, counts, cpuSeconds } = world;
  const [violation] = world.violations;
  const { perWorld } = from;
  return {
    worlds: 1,
    jobs,
    minutes,
    storage: { [storage]: 1 },
    storageJobs: { [storage]: jobs },
    ...{ faults, restarts, reruns, counts, cpuSeconds },
    sources: { [`${from.commit}, ${world.engine}`]: jobs },
    seeds: [{ from: seed, to: seed, perWorld }],
    failures: violation === undefined
      ? []
      : [{ ...violation, replay: replayOf(seed, from), commit: from.commit }],
  };
}

/** Returns the command that simulates one world again. */
export function replayOf(seed: number, { perWorld, minutes, storage }: GivenOptions): string {
  const options = { seed, jobs: perWorld, "per-world": perWorld, minutes, storage };
  const flags = Object.entries(options)
    .flatMap(([name, value]) => value === undefined ? [] : [`--${name} ${value}`]);
  return `deno task simulate ${flags.join(" ")}`;
}

/** Returns a report as the text of a file. */
export function formatReport(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Adds up reports. */
export function mergeReports(reports: readonly Report[]): Report {
  return reports.reduce((sum, one) => ({
    worlds: sum.worlds + one.worlds,
    jobs: sum.jobs + one.jobs,
    minutes: sum.minutes + one.minutes,
    storage: added(sum.storage, one.storage),
    storageJobs: added(sum.storageJobs ?? {}, one.storageJobs ?? {}),
    faults: added(sum.faults, one.faults),
    restarts: added(sum.restarts, one.restarts),
    reruns: added(sum.reruns, one.reruns),
    counts: added(sum.counts, one.counts),
    sources: added(sum.sources, one.sources),
    seeds: joined([...sum.seeds, ...one.seeds]),
    failures: [...sum.failures, ...one.failures],
    cpuSeconds: sum.cpuSeconds + one.cpuSeconds,
  }), emptyReport);
}

function added(some: Counts, others: Counts): Counts {
  const sum = { ...some };
  for (const [name, count] of Object.entries(others)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/**
 * Joins adjacent ranges.
 *
 * @throws {Error} if a seed is in two ranges: its jobs would count twice.
 */
function joined(ranges: readonly SeedRange[]): readonly SeedRange[] {
  const all = ranges.toSorted((a, b) => a.perWorld - b.perWorld || a.from - b.from);
  const result: SeedRange[] = [];
  for (const range of all) {
    const last = result.at(-1);
    if (last === undefined || last.perWorld !== range.perWorld || last.to < range.from - 1) {
      result.push(range);
      continue;
    }
    if (last.to >= range.from) {
      throw new Error(`Cannot merge reports as both have seed ${range.from}`);
    }
    result[result.length - 1] = { ...last, to: range.to };
  }
  return result;
}
