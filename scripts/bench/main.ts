/**
 * `deno task bench`: this package beside others, each in a process of its own, all in one run.
 * Prints jobs a second, CPU time a job and memory as Markdown: the median of all rounds, with the
 * least and the most. See `--help`.
 */

import { cpus } from "node:os";
import { output } from "../tools.ts";
import { integer, list, path, readArgs, runMain, UsageError } from "../usage.ts";
import { clients, obstacle } from "./clients.ts";
import { plotsOf } from "./plots.ts";
import { prepare, type Programs } from "./programs.ts";
import { type Omission, type Result, type Run, type Subject, tablesOf } from "./results.ts";
import { serverFault, startServer } from "./servers.ts";
import type { Task } from "./task.ts";
import { servers, workloads } from "./workloads.ts";

const DEFAULTS = { ms: 2000, rounds: 3, warmUpMs: 700 };
const QUICK = { ms: 300, rounds: 1, warmUpMs: 200 };

/** Some clients open a connection for each job that runs at a time. */
const CONNECT_MS = 2;

/**
 * A client that takes this much longer than it should hangs: the slowest takes minutes for a
 * million jobs.
 */
const SLACK_MS = 10 * 60_000;

/** Measured again and again if the time is limited. */
const MAIN: readonly string[] = ["enqueue", "enqueue-many", "consume-100"];

const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);

const help = `deno task bench [OPTION..]

Measures this package beside others, each in a process of its own. A real Faktory is measured if
FAKTORY_URL names one, on queues of its own (bench-..), which are removed. Redis and PostgreSQL are
started if they are installed; BullMQ, graphile-worker, pg-boss and bunqueue come from npm.

  --rounds N          times that everything is measured, in turns; ${DEFAULTS.rounds} by default
  --minutes N         measures everything once, then the main workloads on the first server again
                      (${MAIN.join(", ")}), as often as fits; in place of --rounds
  --ms N              length of one measurement in milliseconds; ${DEFAULTS.ms} by default
  --only NAME,..      only these workloads
  --clients NAME,..   only these clients
  --servers NAME,..   only these servers
  --base FOLDER       also measures the sources in this folder, an earlier commit, as "before"
  --json FILE         adds the figures to those of this file as more rounds, and reports all of them
  --plots FOLDER      writes three plots to this folder, as SVG
  --quick             one short round, to see that everything works; its figures mean nothing
  --help              prints this

workloads: ${names(workloads).join(", ")}
clients: ${names(clients).join(", ")}
servers: ${names(servers).join(", ")}`;

const flags = {
  rounds: { type: "string" },
  minutes: { type: "string" },
  ms: { type: "string" },
  only: { type: "string" },
  clients: { type: "string" },
  servers: { type: "string" },
  base: { type: "string" },
  json: { type: "string" },
  plots: { type: "string" },
  quick: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Set when the user interrupts: the running client is waited for, and queues are removed. */
let isInterrupted = false;

async function main(): Promise<number> {
  const { help: isHelp, quick, ...values } = readArgs(Deno.args, flags);
  if (isHelp) {
    console.log(help);
    return 0;
  }
  const { warmUpMs, ...defaults } = quick ? QUICK : DEFAULTS;
  const minutes = integer("minutes", values.minutes);
  const rounds = minutes === undefined
    ? integer("rounds", values.rounds) ?? defaults.rounds
    : Infinity;
  const until = performance.now() + (minutes ?? Infinity) * 60_000;
  const ms = integer("ms", values.ms) ?? defaults.ms;
  const [json, plots] = [path("json", values.json), path("plots", values.plots)];
  const wanted = {
    workloads: list("only", values.only, names(workloads)),
    clients: list("clients", values.clients, names(clients)),
    servers: list("servers", values.servers, names(servers)),
  };
  const base = path("base", values.base);
  const before: Figures = json === undefined ? { results: [], omissions: [] } : await read(json);
  await using programs = await prepare(
    clients.filter(({ name, servers, isBase }) =>
      wanted.clients.includes(name) && servers.some((one) => wanted.servers.includes(one)) &&
      (base !== undefined || !isBase)
    ),
    base === undefined ? undefined : await Deno.realPath(base),
  );
  const { subjects, omissions } = await planOf(wanted, programs, base !== undefined);
  const all = subjects.map((subject) => quick ? shortened(subject) : subject);
  const measured = await measureAll(all, { programs, rounds, until, ms, warmUpMs });
  if (isInterrupted) return 130;
  const results = merged(before.results, measured.results);
  const left = [...before.omissions, ...omissions, ...measured.failed];
  console.log(tablesOf(results, left));
  console.log(`\n${await machine(programs)}`);
  if (json !== undefined) await write(json, { results, omissions: left });
  if (plots !== undefined) {
    await Deno.mkdir(plots, { recursive: true });
    for (const [name, svg] of plotsOf(results)) await Deno.writeTextFile(`${plots}/${name}`, svg);
  }
  return measured.failed.length === 0 ? 0 : 1;
}

/** All results, the runs of a subject that was measured before as its first rounds. */
function merged(before: readonly Result[], now: readonly Result[]): Result[] {
  const all = [...before];
  for (const result of now) {
    const { server, workload, client, runs } = result;
    const same = all.findIndex((one) =>
      one.server === server && one.workload.name === workload.name &&
      one.client.name === client.name
    );
    if (same < 0) all.push(result);
    else all[same] = { ...result, runs: [...all[same]!.runs, ...runs] };
  }
  return all;
}

interface Wanted {
  readonly workloads: readonly string[];
  readonly clients: readonly string[];
  readonly servers: readonly string[];
}

/** Lists the subjects of a round, and those that are left out. */
async function planOf(wanted: Wanted, programs: Programs, hasBase: boolean) {
  const subjects: Subject[] = [];
  const omissions: Omission[] = [];
  for (const { name: server } of servers.filter(({ name }) => wanted.servers.includes(name))) {
    const missing = await serverFault(server);
    if (missing !== undefined) console.error(`skipped ${server}: ${missing}`);
    for (const workload of workloads.filter(({ name }) => wanted.workloads.includes(name))) {
      if (workload.servers?.includes(server) === false) continue;
      for (const client of clients) {
        if (!wanted.clients.includes(client.name) || !client.servers.includes(server)) continue;
        if (client.isBase && !hasBase) continue;
        const reason = missing ?? programs.fault(client) ?? obstacle(client, workload);
        const subject = { server, workload, client };
        if (reason === undefined) subjects.push(subject);
        else omissions.push({ ...subject, reason });
      }
    }
  }
  return { subjects, omissions };
}

function shortened(subject: Subject): Subject {
  const { quickJobs, minMs: _, ...workload } = subject.workload;
  return {
    ...subject,
    workload: quickJobs === undefined ? workload : { ...workload, jobs: quickJobs },
  };
}

interface Settings {
  readonly programs: Programs;
  readonly rounds: number;
  /** No round begins after this time; the first one is completed. */
  readonly until: number;
  readonly ms: number;
  readonly warmUpMs: number;
}

/**
 * Measures everything in each round, so that other work of the machine falls on all; every other
 * round backwards.
 */
async function measureAll(subjects: readonly Subject[], settings: Settings) {
  const runs = new Map<Subject, Run[]>(subjects.map((subject) => [subject, []]));
  const failures = new Map<Subject, string>();
  const { rounds, until } = settings;
  const isMain = ({ server, workload }: Subject) =>
    server === subjects[0]?.server && MAIN.includes(workload.name);
  for (let round = 0; round < rounds; round++) {
    const chosen = round > 0 && until < Infinity ? subjects.filter(isMain) : subjects;
    if (isInterrupted || chosen.length === 0 || (round > 0 && performance.now() > until)) break;
    for (const [step, subject] of (round % 2 === 0 ? chosen : chosen.toReversed()).entries()) {
      if (isInterrupted) break;
      const { server, workload, client } = subject;
      const count = `${round + 1}: ${step + 1}/${chosen.length}`;
      console.error(`${count}  ${workload.name}: ${client.title} (${server})`);
      if (failures.has(subject)) continue;
      try {
        runs.get(subject)!.push(await measureOne(subject, settings));
      } catch (error) {
        failures.set(subject, `${workload.name} on ${server} failed: ${reasonOf(error)}`);
        console.error(failures.get(subject));
      }
    }
  }
  const [results, failed]: [Result[], Omission[]] = [[], []];
  for (const subject of subjects) {
    const reason = failures.get(subject);
    if (reason !== undefined) failed.push({ ...subject, reason });
    else results.push({ ...subject, runs: runs.get(subject)! });
  }
  return { results, failed };
}

/** Runs one client once, on a server of its own. */
async function measureOne(
  { server: kind, workload, client }: Subject,
  settings: Settings,
): Promise<Run> {
  const { programs } = settings;
  const { work, concurrency, minMs = 0 } = workload;
  const ms = Math.max(minMs, settings.ms);
  const warmUpMs = settings.warmUpMs + (work === "consume" ? concurrency * CONNECT_MS : 0);
  const server = await startServer(kind, workload, { programs, ms: ms + warmUpMs });
  try {
    const { url, queue, keepsJobs, jobs = workload.jobs } = server;
    const task: Task = { work, concurrency, url, queue, keepsJobs, jobs, ms, warmUpMs };
    const [program, ...args] = programs.command(client);
    const [cpu, start] = [await server.cpuSeconds(), performance.now()];
    const printed = await output(program!, [...args, JSON.stringify(task)], {
      timeoutMs: ms + SLACK_MS,
    });
    const seconds = (performance.now() - start) / 1000;
    const after = await server.cpuSeconds();
    const run: Run = JSON.parse(printed);
    if (run.jobs === 0) throw new Error("Not one job was done in the measured time");
    if (cpu === undefined || after === undefined) return run;
    return { ...run, serverBusy: (after - cpu) / seconds };
  } finally {
    await server.stop();
  }
}

/** The line of a failed process that says most. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const said = /exited with \S+:\s([^]*)/.exec(message)?.[1] ?? message;
  const lines = said.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const how = /exited with \S+(?=:)/.exec(message)?.[0];
  return lines.find((line) => /^\w*error:/i.test(line)) ?? lines[0] ??
    `it printed nothing and ${how}`;
}

/** Where and with what the figures were made: they mean little without. */
async function machine({ node }: Programs): Promise<string> {
  const said = async (program: string, ...args: string[]) =>
    (await output(program, args).catch(() => "")).split("\n")[0]!;
  const [commit, changes] = [
    await said("git", "rev-parse", "--short", "HEAD"),
    await said("git", "status", "--porcelain", "--untracked-files=no"),
  ];
  return [
    ...[new Date().toISOString().slice(0, 10), `commit ${commit}${changes === "" ? "" : "+"}`],
    ...[`${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`, `Deno ${Deno.version.deno}`],
    ...[`Bun ${await said("node_modules/.bin/bun", "--version")}`],
    `Node ${(await said(node, "--version")).slice(1)}`,
  ].join(", ");
}

interface Figures {
  readonly results: readonly Result[];
  readonly omissions: readonly Omission[];
}

/** The figures of earlier runs. */
async function read(file: string): Promise<Figures> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const none: Figures = { results: [], omissions: [] };
  // Finds out before the long run that it can be written.
  await write(file, none).catch(({ message }) => {
    throw new UsageError(`Cannot write the figures: ${message}`);
  });
  return none;
}

async function write(file: string, figures: Figures): Promise<void> {
  await Deno.writeTextFile(file, `${JSON.stringify(figures, null, 1)}\n`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => isInterrupted = true);
}
await runMain(main);
