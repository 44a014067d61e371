/**
 * `deno task simulate`: simulates worlds. A seed determines each world: its producers, consumers and
 * server, and the faults that they have to survive. The command reports every rule that they
 * violate. See `--help`.
 */

import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import type { WorldOptions, WorldResult } from "../../tests/simulation/result.ts";
import { JOBS_PER_WORLD, worlds } from "../../tests/simulation/simulate.ts";
import { simulateWorld } from "../../tests/simulation/world.ts";
import { integer, list, path, runMain, UsageError } from "../usage.ts";
import { replayOf, type Report } from "./report.ts";

const STORAGES = ["memory", "disk"] as const;
const REPORT = "simulation.json";

const help = `deno task simulate [OPTION..]
deno task simulate --swarm [OPTION..]
deno task simulate --merge [--report FILE] [--page PAGE] FILE..

Simulates worlds, one after the other. A seed determines each world: its producers, consumers and
server, and the faults that they have to survive. Prints a line for each world, and every violated
rule with the command that repeats that world. The exit status is 1 if there is a violation.

  --seed S            seed of the first world; 1 if not given
  --jobs N            number of jobs in all worlds; ${JOBS_PER_WORLD} if not given
  --per-world N       number of jobs in a world; ${JOBS_PER_WORLD} if not given
  --storage KIND      storage of the server: ${
  STORAGES.join(" or ")
}; chosen by the seed if not given
  --minutes M         longest time for enqueuing jobs, in simulated minutes; 30 if not given
  --check             simulates each world twice and compares the hashes
  --job PATTERN       prints the events of jobs whose id matches this regular expression
  --json              prints each result as a line of JSON
  --swarm             simulates in several processes, writes a report and prints it as tables
  --processes N       number of processes of a swarm; one for each core if not given
  --report FILE       report of a swarm or of all merged reports; ${REPORT} for a swarm if not given
  --merge FILE..      adds up reports and prints them as tables
  --page PAGE         writes the tables of merged reports into this page, instead of printing them
  --help              prints this`;

const flags = {
  seed: { type: "string" },
  jobs: { type: "string" },
  "per-world": { type: "string" },
  minutes: { type: "string" },
  storage: { type: "string" },
  job: { type: "string" },
  check: { type: "boolean" },
  json: { type: "boolean" },
  swarm: { type: "boolean" },
  processes: { type: "string" },
  report: { type: "string" },
  merge: { type: "boolean" },
  page: { type: "string" },
} as const;

/** Maximum number of reports to add up. */
const MAX_REPORTS = 1000;

let hasFailed = false;

process.on("unhandledRejection", (error) => {
  // The first one is enough to know that something is wrong.
  if (!hasFailed) console.error("Unhandled rejection:", error);
  hasFailed = true;
});

void runMain({ help, flags, maxArguments: MAX_REPORTS }, async (values, files) => {
  if (values.merge === true) {
    const [report, page] = [path("--report", values.report), path("--page", values.page)];
    return await merge(files, { report, page });
  }
  if (files[0] !== undefined) throw new UsageError(`Unexpected argument '${files[0]}': see --help`);
  const [storage] = values.storage === undefined ? [] : list("--storage", values.storage, STORAGES);
  const perWorld = integer("--per-world", values["per-world"]) ?? JOBS_PER_WORLD;
  const options = {
    seed: integer("--seed", values.seed) ?? 1,
    jobs: integer("--jobs", values.jobs) ?? JOBS_PER_WORLD,
    minutes: integer("--minutes", values.minutes),
    ...{ perWorld, storage },
  };
  if (values.swarm !== true) {
    const { check = false, json = false } = values;
    return await simulate({ ...options, tell: tellOf(values.job) }, { check, json });
  }
  const { swarm } = await import("./swarm.ts");
  const { markdownOf } = await import("./markdown.ts");
  const report = await swarm({
    ...options,
    processes: integer("--processes", values.processes),
    report: path("--report", values.report) ?? REPORT,
  });
  console.log(markdownOf(report));
  return report.failures.length > 0 ? 1 : 0;
});

async function simulate(
  options: WorldOptions & { readonly perWorld: number },
  { check, json }: { readonly check: boolean; readonly json: boolean },
): Promise<number> {
  // Set until the end: if the time of a world stands still, the program exits early.
  process.exitCode = 1;
  const { minutes, storage } = options;
  for await (const result of worlds(options)) {
    const { seed, planned, traceHash, violations } = result;
    if (json) console.log(JSON.stringify(result));
    else print(result);
    if (violations.length > 0) {
      fail(`replay: ${replayOf(seed, { minutes, storage, perWorld: planned })}`);
    }
    if (!check) continue;
    const again = await simulateWorld({ minutes, storage, seed, jobs: planned });
    if (again.traceHash === traceHash) continue;
    fail(`seed ${seed} is not reproducible: ${traceHash}, then ${again.traceHash}`);
  }
  return hasFailed ? 1 : 0;
}

function fail(text: string): void {
  hasFailed = true;
  console.error(text);
}

function tellOf(pattern: string | undefined): WorldOptions["tell"] {
  if (pattern === undefined) return undefined;
  const job = new RegExp(pattern);
  return (jid, what, atMs) => job.test(jid) && console.log(`${atMs} ms: ${jid}: ${what}`);
}

/** Adds up reports. Writes the sum to `report`, and its tables to `page`, if these are given. */
async function merge(
  files: readonly string[],
  { report, page }: Readonly<Record<"report" | "page", string | undefined>>,
): Promise<void> {
  const { formatReport, mergeReports } = await import("./report.ts");
  const { markdownOf } = await import("./markdown.ts");
  const { writePage } = await import("./page.ts");
  if (files.length === 0) throw new UsageError("Cannot merge reports without a file: see --help");
  const sum = mergeReports(await Promise.all(files.map(readReport)));
  if (report !== undefined) await writeFile(report, formatReport(sum));
  if (page === undefined) console.log(markdownOf(sum));
  else await writePage(page, markdownOf(sum));
}

async function readReport(file: string): Promise<Report> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new UsageError(`Cannot read the report ${file}: ${(error as Error).message}`);
  }
}

function print(result: WorldResult): void {
  const { seed, jobs, minutes, cpuSeconds, violations, traceHash } = result;
  const speed = Math.round(jobs / cpuSeconds);
  const outcome = violations.length === 0 ? "passed" : `${violations.length} VIOLATIONS`;
  console.log(
    `seed ${seed}: ${jobs} jobs, ${minutes} min, ${cpuSeconds} s of CPU, ${speed} jobs/s, ` +
      `${traceHash}, ${outcome}`,
  );
  if (process.env["VERBOSE"] !== undefined) console.log(result);
  for (const { rule, detail, atMs } of violations) console.log(`  ${atMs} ms: ${rule}: ${detail}`);
}
