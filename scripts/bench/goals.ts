import { whole } from "../../src/cli/text.ts";
import { clients } from "./clients.ts";
import { edgeBudgets, edgeProducers, type EdgeSizes } from "./edge_bundle.ts";
import { type Figure, figures, type Results } from "./results.ts";
import { short } from "./tables.ts";
import type { ServerKind } from "./workloads.ts";

/** What became of one goal. */
export interface Verdict {
  readonly goal: string;
  /** `undefined` where what it takes was not measured. */
  readonly isReached: boolean | undefined;
  /** What was measured, on each runtime. */
  readonly figure: string;
}

/** Measured on each of our runtimes, and to be held on each. */
interface Goal {
  readonly goal: string;
  /** The figure of one of our clients; `undefined` where it was not measured. */
  value(results: Results, client: string): number | undefined;
  isReached(value: number): boolean;
  show(value: number): string;
}

/** The bare socket that a runtime is measured by: Deno's sockets for Node are not its own. */
const floorOf = (client: string) => client === "bun" ? "floor-bun" : "floor-node";

const times = (value: number) => `${value.toPrecision(3)}x`;
const percent = (value: number) => `${whole(value * 100)} %`;
const atLeast = (least: number) => (value: number) => value >= least;
const atMost = (most: number) => (value: number) => value <= most;

/** How many times as much our figure is as another client's. */
function ratio(
  [server, workload]: readonly [ServerKind, string],
  other: (client: string) => string,
  figure: Figure = figures.jobsPerSecond,
): Goal["value"] {
  return (results, client) => {
    const own = results.spread([server, workload, client], figure)?.median;
    const theirs = results.spread([server, workload, other(client)], figure)?.median;
    return own === undefined || theirs === undefined ? undefined : own / theirs;
  };
}

function own(server: ServerKind, workload: string, figure: Figure): Goal["value"] {
  return (results, client) => results.spread([server, workload, client], figure)?.median;
}

const npm = () => "npm";

const goals: readonly Goal[] = [
  {
    goal: "enqueue, 100 at once: 20 times the npm client",
    value: ratio(["null", "enqueue"], npm),
    isReached: atLeast(20),
    show: times,
  },
  {
    goal: "enqueue, 100 at once: 60 % of a bare socket",
    value: ratio(["null", "enqueue"], floorOf),
    isReached: atLeast(0.6),
    show: percent,
  },
  {
    goal: "enqueueMany: 5 times the npm client",
    value: ratio(["null", "enqueue-many"], npm),
    isReached: atLeast(5),
    show: times,
  },
  {
    goal: "enqueue, one after the other: within 1.3 times a bare socket's time",
    value: ratio(["null", "enqueue-serial"], floorOf, ({ jobs, seconds }) => seconds / jobs),
    isReached: atMost(1.3),
    show: times,
  },
  {
    goal: "consume, 100 at once: 20 times the npm client",
    value: ratio(["null", "consume-100"], npm),
    isReached: atLeast(20),
    show: times,
  },
  {
    goal: "consume, 100 at once: 60 % of a bare socket",
    value: ratio(["null", "consume-100"], floorOf),
    isReached: atLeast(0.6),
    show: percent,
  },
  {
    goal: "consume, 100 at once: 8 us of CPU time a job",
    value: own("null", "consume-100", figures.cpuUsPerJob),
    isReached: atMost(8),
    show: (value) => `${short(value)} us`,
  },
  {
    goal: "consume, 100 at once: less CPU time a job than the Rust crate",
    value: ratio(["null", "consume-100"], () => "rust", figures.cpuUsPerJob),
    isReached: (value) => value < 1,
    show: times,
  },
  {
    goal: "consume: 10 connections at most, whatever the concurrency",
    value: mostConnections,
    isReached: atMost(10),
    show: whole,
  },
  {
    goal: "consume on a real server, 100 at once: twice the npm client",
    value: ratio(["real", "consume-100"], npm),
    isReached: atLeast(2),
    show: times,
  },
  {
    goal: "consume on a real server, 100 at once: 90 % of bare sockets",
    value: ratio(["real", "consume-100"], floorOf),
    isReached: atLeast(0.9),
    show: percent,
  },
  ...(["embedded", "real"] as const).map((server): Goal => ({
    goal: `a lone job from enqueue to handler, ${server} server: within 1.5 times a bare socket's`,
    value: ratio([server, "latency-lone"], floorOf, figures.p50Us),
    isReached: atMost(1.5),
    show: times,
  })),
  {
    goal: "CPU time a job from 1,000 to 1,000,000 pending: flat, 1.5 times at most",
    value(results, client) {
      const [few, many] = ["pending-1k", "pending-1m"].map((workload) =>
        results.spread(["null", workload, client], figures.cpuUsPerJob)?.median
      );
      return few === undefined || many === undefined ? undefined : many / few;
    },
    isReached: atMost(1.5),
    show: times,
  },
  {
    goal: "a stream of 1,000,000 jobs: less than 150 MB of memory",
    value: own("null", "stream", figures.peakMb),
    isReached: (value) => value < 150,
    show: (value) => `${whole(value)} MB`,
  },
  {
    goal: "10 minutes of steady load: memory does not grow, by 5 % at most",
    value: own("null", "steady", figures.growth),
    isReached: atMost(0.05),
    show: percent,
  },
];

/** The most that one of our clients had, at any concurrency. */
function mostConnections(results: Results, client: string): number | undefined {
  const counts = results.all
    .filter((result) => result.workload.work === "consume" && result.client.name === client)
    .flatMap(({ runs }) => runs.map(figures.connections))
    .filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : Math.max(...counts);
}

/** Compares what was measured with the goals. */
export function verdictsOf(results: Results, edge: EdgeSizes): Verdict[] {
  const ours = clients.filter(({ program, connections }) =>
    program === "ours" && connections === undefined
  );
  const verdicts = goals.map(({ goal, value, isReached, show }): Verdict => {
    const values = ours.flatMap(({ name }) => {
      const measured = value(results, name);
      return measured === undefined ? [] : [{ name, measured }];
    });
    return {
      goal,
      isReached: values.length === 0
        ? undefined
        : values.every(({ measured }) => isReached(measured)),
      figure: values.map(({ name, measured }) => `${name} ${show(measured)}`).join(", "),
    };
  });
  const sizes = edgeProducers.map((name): Verdict => {
    const [{ gzippedBytes }, budget] = [edge[name], edgeBudgets[name]];
    return {
      goal: `${name} of ./edge: ${whole(budget)} bytes at most`,
      isReached: gzippedBytes <= budget,
      figure: `${whole(gzippedBytes)} bytes`,
    };
  });
  return [...verdicts, ...sizes];
}

/** A verdict as a line. */
export function lineOf({ goal, isReached, figure }: Verdict): string {
  if (isReached === undefined) return `not measured  ${goal}`;
  return `${isReached ? "reached     " : "NOT reached "}  ${goal}: ${figure}`;
}
