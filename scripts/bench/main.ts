/**
 * `deno task bench`: measures this package and others, each in its own process, all in one run.
 * Prints jobs a second, CPU time a job and memory as Markdown. See `--help`.
 */

import { cpus } from "node:os";
import { output } from "../tools.ts";
import { integer, list, runMain, textFlags, UsageError } from "../usage.ts";
import { clients, obstacle } from "./clients.ts";
import { plotsOf } from "./plots.ts";
import { prepare, type Programs } from "./programs.ts";
import { type Omission, type Result, type Run, type Subject, tablesOf } from "./results.ts";
import { serverFault, startServer } from "./servers.ts";
import type { Task } from "./task.ts";
import { servers, workloads } from "./workloads.ts";

const MINUTES = 30;
const MS = 2000;

/** Time before a measurement, in which connections are opened and code is compiled, in ms. */
const WARM_UP_MS = 700;

/** Some clients open a connection for each job that runs at a time. */
const CONNECT_MS = 2;

/**
 * A client that takes this much longer than it should hangs: the slowest takes minutes for a
 * million jobs.
 */
const SLACK_MS = 10 * 60_000;

/** Measured as often as fits into the time, unless the user chooses workloads. */
const MAIN: readonly string[] = ["enqueue", "enqueue-many", "consume-100"];

const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);

const help = `deno task bench [OPTION..]

Measures this package and others, each in its own process. A real Faktory is measured if FAKTORY_URL
names one, on queues that are removed (bench-..). Redis and PostgreSQL are started if they are
installed. BullMQ, graphile-worker, pg-boss and bunqueue come from npm.

  --minutes N         measures everything once, then the main workloads on the first server again
                      (${MAIN.join(", ")}), as often as fits; ${MINUTES} if not given
  --ms N              length of one measurement in milliseconds; ${MS} if not given
  --only NAME,..      only these workloads, all of them as often as fits
  --clients NAME,..   only these clients
  --servers NAME,..   only these servers
  --json FILE         writes the figures of every run to this file
  --plots FOLDER      writes three plots to this folder, as SVG
  --help              prints this

workloads: ${names(workloads).join(", ")}
clients: ${names(clients).join(", ")}
servers: ${names(servers).join(", ")}`;

const flags = textFlags("minutes", "ms", "only", "clients", "servers", "json", "plots");

const everything = { workloads, clients, servers };

/** Returns the items that the user has chosen by their names. */
function choose<T extends { readonly name: string }>(
  flag: string,
  value: string | undefined,
  all: readonly T[],
): readonly T[] {
  const chosen = list(flag, value, names(all));
  return all.filter(({ name }) => chosen.includes(name));
}

/** Lists what is measured in a round, and what is left out. */
async function planOf(choice: typeof everything, programs: Programs) {
  const subjects: Subject[] = [];
  const omissions: Omission[] = [];
  for (const { name: server } of choice.servers) {
    const missing = await serverFault(server);
    if (missing !== undefined) console.error(`skipped ${server}: ${missing}`);
    for (const workload of choice.workloads) {
      if (workload.servers?.includes(server) === false) continue;
      for (const client of choice.clients) {
        if (!client.servers.includes(server)) continue;
        const reason = missing ?? programs.fault(client) ?? obstacle(client, workload);
        const subject = { server, workload, client };
        if (reason === undefined) subjects.push(subject);
        else omissions.push({ ...subject, reason });
      }
    }
  }
  return { subjects, omissions };
}

interface Settings {
  readonly programs: Programs;
  readonly minutes: number;
  readonly ms: number;
  /** Returns true if a subject is measured again after the first round. */
  readonly isMain: (subject: Subject) => boolean;
}

/**
 * Measures in rounds, every other round backwards, so that other work of the machine affects all
 * results. After a signal, the measurement in progress is the last one.
 */
async function measureAll(subjects: readonly Subject[], settings: Settings) {
  const runs = new Map<Subject, Run[]>(subjects.map((subject) => [subject, []]));
  const failed: Omission[] = [];
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => isInterrupted = true);
  }
  const until = performance.now() + settings.minutes * 60_000;
  let left = subjects;
  for (let round = 1; left.length > 0 && (round === 1 || performance.now() < until); round++) {
    for (const [step, subject] of (round % 2 === 1 ? left : left.toReversed()).entries()) {
      const { server, workload, client } = subject;
      const count = `${round}: ${step + 1}/${left.length}`;
      console.error(`${count}  ${workload.name}: ${client.title} (${server})`);
      try {
        runs.get(subject)!.push(await measureOne(subject, settings));
      } catch (error) {
        const reason = `${workload.name} on ${server} failed: ${reasonOf(error)}`;
        console.error(reason);
        runs.delete(subject);
        failed.push({ ...subject, reason });
      }
      if (isInterrupted) break;
    }
    left = isInterrupted ? [] : subjects.filter((one) => runs.has(one) && settings.isMain(one));
  }
  const measured = [...runs].filter(([, runs]) => runs.length > 0);
  return { failed, results: measured.map(([subject, runs]): Result => ({ ...subject, runs })) };
}

/** Runs one client once, on a new server. */
async function measureOne(
  { server: kind, workload, client }: Subject,
  { programs, ms: least }: Settings,
): Promise<Run> {
  const { work, concurrency, minMs = 0 } = workload;
  const ms = Math.max(minMs, least);
  const warmUpMs = WARM_UP_MS + (work === "consume" ? concurrency * CONNECT_MS : 0);
  const server = await startServer(kind, workload, { programs, ms: ms + warmUpMs });
  try {
    const { url, queue, keepsJobs, jobs = workload.jobs } = server;
    const task: Task = { work, concurrency, url, queue, keepsJobs, jobs, ms, warmUpMs };
    const [program, ...args] = [...programs.command(client), JSON.stringify(task)];
    const [before, start] = [await server.cpuSeconds(), performance.now()];
    const run: Run = JSON.parse(await output(program!, args, { timeoutMs: ms + SLACK_MS }));
    const seconds = (performance.now() - start) / 1000;
    const after = await server.cpuSeconds();
    if (run.jobs === 0) throw new Error("No job was done in the measured time");
    if (before === undefined || after === undefined) return run;
    return { ...run, serverBusy: (after - before) / seconds };
  } finally {
    await server.stop();
  }
}

/** Returns the most important line of the output of a failed process. */
function reasonOf(error: unknown): string {
  const [command = "", ...said] = String(error).split("\n");
  return said.find((line) => /^\s*\w*error:/i.test(line)) ?? said.find((line) => line !== "") ??
    command;
}

/** Describes the machine and the versions, without which figures mean little. */
async function machine({ node }: Programs): Promise<string> {
  const ask = async (program: string, ...args: string[]) =>
    (await output(program, args).catch(() => "")).split("\n")[0]!;
  const changes = await ask("git", "status", "--porcelain", "--untracked-files=no");
  const commit = await ask("git", "rev-parse", "--short", "HEAD");
  return [
    ...[new Date().toISOString().slice(0, 10), `commit ${commit}${changes === "" ? "" : "+"}`],
    ...[`${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`, `Deno ${Deno.version.deno}`],
    `Bun ${await ask("node_modules/.bin/bun", "--version")}`,
    `Node ${(await ask(node, "--version")).slice(1)}`,
  ].join(", ");
}

await runMain({ help, flags }, async (values) => {
  const minutes = integer("--minutes", values.minutes) ?? MINUTES;
  const ms = integer("--ms", values.ms) ?? MS;
  const { json, plots } = values;
  const choice = {
    workloads: choose("--only", values.only, workloads),
    clients: choose("--clients", values.clients, clients),
    servers: choose("--servers", values.servers, servers),
  };
  // Finds out before the long run that the results can be written.
  const writing = async () => {
    if (json !== undefined) await Deno.writeTextFile(json, "");
    if (plots !== undefined) await Deno.mkdir(plots, { recursive: true });
  };
  await writing().catch(({ message }) => {
    throw new UsageError(`Cannot write the results: ${message}`);
  });
  await using programs = await prepare(choice.clients);
  const { subjects, omissions } = await planOf(choice, programs);
  const isMain = ({ server, workload }: Subject) =>
    values.only !== undefined ||
    (server === subjects[0]?.server && MAIN.includes(workload.name));
  const { results, failed } = await measureAll(subjects, { programs, minutes, ms, isMain });
  console.log(tablesOf(results, [...omissions, ...failed]));
  console.log(`\n${await machine(programs)}`);
  if (json !== undefined) await Deno.writeTextFile(json, JSON.stringify({ results }, null, 1));
  if (plots !== undefined) {
    for (const [name, svg] of plotsOf(results)) await Deno.writeTextFile(`${plots}/${name}`, svg);
  }
  return failed.length === 0 ? 0 : 1;
});
