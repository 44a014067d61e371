import { availableParallelism } from "node:os";
import { commitName } from "./commit.ts";
import { emptyReport, formatReport, mergeReports, type Report, reportOf } from "./report.ts";
import { WorldProcess, type WorldProcessOptions } from "./world_process.ts";

/** Options of `swarm`: the worlds to simulate, and the file for the report. */
export interface SwarmOptions extends Omit<WorldProcessOptions, "root" | "hungMs"> {
  /** @default one for each core */
  readonly processes?: number | undefined;
  /** Path of the report, which is written every minute and at the end. */
  readonly report: string;
}

/** Interval at which the report is written, in milliseconds. */
const WRITE_EVERY_MS = 60_000;

/** Long, as a swarm may run on a machine that is busy with other work. */
const HUNG_MS = 900_000;

/** Simulates worlds in several processes at once, each with its own range of seeds. */
export async function swarm(options: SwarmOptions): Promise<Report> {
  const { seed, jobs, perWorld, processes = availableParallelism() } = options;
  const worlds = Math.ceil(jobs / perWorld);
  const commit = await commitName();
  let total = emptyReport;
  const write = () => Deno.writeTextFile(options.report, formatReport(total));
  const timer = setInterval(() => void write(), WRITE_EVERY_MS);
  const share = Math.ceil(worlds / processes);
  try {
    await Promise.all(Array.from({ length: processes }, async (_, i) => {
      const [from, to] = [i * share, Math.min(worlds, (i + 1) * share)];
      if (from >= to) return;
      const range = { ...options, seed: seed + from, jobs: (to - from) * perWorld };
      for await (const report of worldsOf(range, commit)) {
        total = mergeReports([total, report]);
        for (const { rule, detail, replay } of report.failures) {
          console.error(`${rule}: ${detail}\n  ${replay}`);
        }
      }
    }));
  } finally {
    clearInterval(timer);
    await write();
  }
  return total;
}

/** Yields the reports of a range of seeds. A process that dies is replaced at the next seed. */
async function* worldsOf(
  { seed, jobs, perWorld, ...others }: Omit<WorldProcessOptions, "root" | "hungMs">,
  commit: string,
): AsyncGenerator<Report> {
  const end = seed + Math.ceil(jobs / perWorld);
  const from = { ...others, commit, perWorld };
  for (let next = seed; next < end; next++) {
    const left = (end - next) * perWorld;
    const process = new WorldProcess({
      ...others,
      seed: next,
      jobs: left,
      perWorld,
      hungMs: HUNG_MS,
    });
    for await (const world of process.results()) {
      yield reportOf(world, from);
      next = world.seed + 1;
    }
    const { code, stderr } = await process.ended;
    if (next >= end) return;
    const detail = code === undefined ? "it did not end" : withoutStack(stderr);
    // Its seed decides the storage, which is known only after a world has ended.
    yield { ...reportOf(brokenWorld(next, detail), from), storage: {} };
  }
}

/** Returns the text of an error without the places of the calls. */
function withoutStack(text: string): string {
  return text.split("\n").filter((line) => !/^\s+at /.test(line)).join("\n").trim();
}

function brokenWorld(seed: number, detail: string): Parameters<typeof reportOf>[0] {
  return {
    seed,
    planned: 0,
    jobs: 0,
    minutes: 0,
    storage: "memory",
    faults: {},
    restarts: {},
    reruns: {},
    counts: {},
    violations: [{ rule: "a world ends without an exception", detail, atMs: 0 }],
    traceHash: "",
    engine: "unknown",
    seconds: 0,
    cpuSeconds: 0,
  };
}
