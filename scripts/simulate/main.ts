/**
 * `deno task simulate --seed S --jobs N`: simulates worlds. A seed determines each world: its
 * producers, consumers and server, and the faults that they have to survive. The command reports
 * every rule that they violate.
 *
 * `--swarm [--processes N] [--report FILE]` uses all cores and writes a report. `--merge FILE..`
 * adds up reports and prints them as tables.
 */

import { readFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import type { WorldOptions, WorldResult } from "../../tests/simulation/result.ts";
import { JOBS_PER_WORLD, worlds } from "../../tests/simulation/simulate.ts";
import { replayOf } from "./report.ts";
import { simulateWorld } from "../../tests/simulation/world.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: String(JOBS_PER_WORLD) },
    "per-world": { type: "string", default: String(JOBS_PER_WORLD) },
    minutes: { type: "string" },
    storage: { type: "string" },
    job: { type: "string" },
    check: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    swarm: { type: "boolean", default: false },
    processes: { type: "string" },
    report: { type: "string", default: "simulation.json" },
    merge: { type: "boolean", default: false },
  },
});

const perWorld = Number(values["per-world"]);
const common = {
  minutes: values.minutes === undefined ? undefined : Number(values.minutes),
  storage: values.storage as WorldOptions["storage"],
  tell: values.job === undefined ? undefined : (jid: string, what: string, atMs: number) => {
    if (new RegExp(values.job!).test(jid)) console.log(`${atMs} ms: ${jid}: ${what}`);
  },
};

let hasFailed = false;

process.on("unhandledRejection", (error) => {
  // The first one is enough to know that something is wrong.
  if (!hasFailed) console.error("Unhandled rejection:", error);
  hasFailed = true;
});

async function main(): Promise<void> {
  if (values.merge) return await merge();
  if (values.swarm) return await swarmOut();
  // Set until the end: if the time of a world stands still, the program exits early.
  process.exitCode = 1;
  const options = {
    ...common,
    seed: Number(values.seed),
    jobs: Number(values.jobs),
    perWorld,
  };
  for await (const result of worlds(options)) {
    print(result);
    if (result.violations.length > 0) failed(result);
    if (values.check) await checkAgain(result);
  }
  process.exitCode = hasFailed ? 1 : 0;
}

async function swarmOut(): Promise<void> {
  const { swarm } = await import("./swarm.ts");
  const { markdownOf } = await import("./markdown.ts");
  const report = await swarm({
    seed: Number(values.seed),
    jobs: Number(values.jobs),
    perWorld,
    minutes: common.minutes,
    storage: common.storage,
    processes: values.processes === undefined ? undefined : Number(values.processes),
    report: values.report,
  });
  console.log(markdownOf(report));
  if (report.failures.length > 0) process.exitCode = 1;
}

async function merge(): Promise<void> {
  const { mergeReports } = await import("./report.ts");
  const { markdownOf } = await import("./markdown.ts");
  const texts = await Promise.all(positionals.map((path) => readFile(path, "utf8")));
  console.log(markdownOf(mergeReports(texts.map((text) => JSON.parse(text)))));
}

function print(result: WorldResult): void {
  if (values.json) return console.log(JSON.stringify(result));
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

function failed({ seed, planned }: WorldResult): void {
  hasFailed = true;
  console.error(`replay: ${replayOf(seed, { ...common, perWorld: planned })}`);
}

async function checkAgain({ seed, planned, traceHash }: WorldResult): Promise<void> {
  const again = await simulateWorld({ ...common, seed, jobs: planned });
  if (again.traceHash === traceHash) return;
  hasFailed = true;
  console.error(`seed ${seed} is not reproducible: ${traceHash}, then ${again.traceHash}`);
}

void main();
