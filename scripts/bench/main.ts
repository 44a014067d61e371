/**
 * `deno task bench`: this package beside others, on each runtime, all in the same run and each in a process of its own.
 * Prints jobs a second, CPU time a job and memory: medians, and the least and the most of all rounds. `--help` tells more.
 */

import { whole } from "../../src/cli/text.ts";
import { UsageError } from "../usage.ts";
import { clients } from "./clients.ts";
import {
  type BundleSize,
  edgeProducers,
  type EdgeSizes,
  weighEdge,
  weighProducer,
} from "./edge_bundle.ts";
import { lineOf, verdictsOf } from "./goals.ts";
import { lookAround, type Machine } from "./machine.ts";
import { measureOne } from "./measure_one.ts";
import { help, type Options, readOptions } from "./options.ts";
import { pageOf } from "./page.ts";
import { type Omission, type Plan, planOf, type Subject } from "./plan.ts";
import { plotsOf } from "./plots/plots.ts";
import { prepare, type Programs } from "./programs.ts";
import { progressOf } from "./progress.ts";
import { type Result, Results } from "./results.ts";
import { notesOf, tablesOf } from "./tables.ts";
import type { Run } from "./task.ts";

/** Whether the user wants to end it: what runs is ended, and what was put on a server is removed. */
let isInterrupted = false;

async function main(options: Options): Promise<number> {
  const hasReal = Deno.env.get("FAKTORY_URL") !== undefined;
  if (hasReal) {
    console.error(
      "FAKTORY_URL is set: that server is measured too, on queues of its own (bench-..), which are removed",
    );
  }
  await checkPlaces(options);
  const machine = await lookAround();
  const [edge, producer] = [await weighEdge(), await weighProducer()];
  const isRust = clients.some(({ program, name }) =>
    program === "rust" && options.clients.includes(name)
  );
  if (isRust) console.error("building the Rust client, which takes minutes the first time");
  await using programs = await prepare({ isRust });
  const plan = planOf(options, { hasReal, rustFault: programs.rustFault });
  const { results, failures } = await measureAll(plan, programs, options);
  if (isInterrupted) return 130;
  await report({ results, edge, producer, machine, options });
  for (const line of failures) console.error(`failed: ${line}`);
  return failures.length === 0 ? 0 : 1;
}

/** Finds out before the long run whether its figures can be written. */
async function checkPlaces({ json, plots }: Options): Promise<void> {
  try {
    if (plots !== undefined) await Deno.mkdir(plots, { recursive: true });
    if (json !== undefined) (await Deno.open(json, { append: true, create: true })).close();
  } catch (error) {
    throw new UsageError(`Cannot write the figures: ${(error as Error).message}`);
  }
}

/** Measures everything in each round, so that what else the machine does is shared by all; every other round backwards. */
async function measureAll(plan: Plan, programs: Programs, options: Options) {
  const runs = new Map<Subject, Run[]>(plan.subjects.map((subject) => [subject, []]));
  const failures = new Map<Subject, string>();
  const progress = progressOf(plan.subjects.length * options.rounds);
  for (let round = 0; round < options.rounds && !isInterrupted; round++) {
    for (const subject of round % 2 === 0 ? plan.subjects : plan.subjects.toReversed()) {
      if (isInterrupted) break;
      const { server, workload, client } = subject;
      progress.next(`${workload.name}: ${client.title} (${server})`);
      if (failures.has(subject)) continue;
      try {
        runs.get(subject)!.push(await measureOne(subject, programs, options));
      } catch (error) {
        failures.set(subject, reasonOf(error));
      }
    }
  }
  progress.stop(isInterrupted ? "ended" : "measured");
  const results: Result[] = [];
  const omissions: Omission[] = [...plan.omissions];
  for (const subject of plan.subjects) {
    const reason = failures.get(subject);
    if (reason === undefined) results.push({ ...subject, runs: runs.get(subject)! });
    else omissions.push({ ...subject, reason });
  }
  return {
    results: new Results(results, omissions),
    failures: [...failures].map(([{ server, workload, client }, reason]) =>
      `${workload.name}: ${client.title} (${server}): ${reason}`
    ),
  };
}

/** The line of what a process said that tells most. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const said = /exited with \S+: ([^]*)/.exec(message)?.[1] ?? message;
  const lines = said.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return lines.find((line) => /^\w*error:/i.test(line)) ?? lines[0] ?? "it said nothing";
}

interface Reported {
  readonly results: Results;
  readonly edge: EdgeSizes;
  /** The package's own producer. */
  readonly producer: BundleSize;
  readonly machine: Machine;
  readonly options: Options;
}

async function report({ results, edge, producer, machine, options }: Reported): Promise<void> {
  const verdicts = verdictsOf(results, edge);
  console.log(tablesOf(results));
  for (const note of notesOf(results.omissions)) console.log(note);
  const { date, commit, cpu, cores, versions } = machine;
  const runtimes = Object.entries(versions).map(([name, version]) => `${name} ${version || "-"}`);
  console.log(`${date}, ${commit}, ${cores} x ${cpu}, ${runtimes.join(", ")}`);
  const sizes = [...edgeProducers.map((name) => edge[name]), producer];
  const cells = sizes.map(({ gzippedBytes }) => whole(gzippedBytes));
  console.log("The line for the table of producers at the edge in docs/performance.md:");
  console.log(`| ${[date, commit, ...cells].join(" | ")} |`);
  if (options.isCheck) console.log(verdicts.map(lineOf).join("\n"));
  if (options.json !== undefined) {
    const { all, omissions } = results;
    const { json: _json, plots: _plots, ...measured } = options;
    const figures = {
      ...{ machine, options: measured, edge, producer, verdicts },
      results: all.map(named),
      omissions: omissions.map(named),
    };
    await Deno.writeTextFile(options.json, `${JSON.stringify(figures, null, 2)}\n`);
  }
  if (options.plots !== undefined) {
    const plots = plotsOf(results);
    for (const { name, svg } of plots) await Deno.writeTextFile(`${options.plots}/${name}`, svg);
    const page = pageOf({ results, machine, verdicts, plots });
    await Deno.writeTextFile(`${options.plots}/README.md`, page);
  }
}

/** With names in the place of what they name. */
function named<One extends Subject>({ workload, client, ...rest }: One) {
  return { workload: workload.name, client: client.name, ...rest };
}

try {
  const options = readOptions(Deno.args);
  if (options === undefined) {
    console.log(help);
    Deno.exit(0);
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => isInterrupted = true);
  }
  Deno.exit(await main(options));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}
