import { createInterface } from "node:readline";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cached } from "../gate/npm.ts";
import { jobsOf } from "../crash/inspect.ts";
import { freePort, listening, output } from "../tools.ts";
import { loadServer, numberOf } from "../crash/load.ts";
import type { Ledger } from "../ledger.ts";

/** A server that runs on the data in a folder. */
export interface Running {
  /** Loads the server until it is gone. Calls `confirmed` after each confirmation. */
  load(ledger: Ledger, confirmed: () => void): Promise<void>;
  /** Ends the server with SIGKILL. */
  kill(): Promise<void>;
}

/** A job server to kill, as data. */
export interface System {
  readonly title: string;
  readonly settings: string;
  /** Reason why it cannot be started here, or `undefined`. */
  fault(): Promise<string | undefined>;
  start(folder: string): Promise<Running>;
  /** Restarts a killed server, and returns the jobs that it has. */
  jobs(folder: string): Promise<ReadonlySet<number>>;
}

/** Path of a Faktory 1.10 program. */
const FAKTORY = "FAKTORY_PROGRAM";

const BULLMQ = ["bullmq@6.7.0", "ioredis@6.0.0"] as const;

/** All systems, in the order of the table. */
export const systems: readonly System[] = [
  {
    title: "embedded server, durable",
    settings: "`data`: a sync to disk before each reply",
    fault: () => Promise.resolve(undefined),
    start: (folder) => startEmbedded(`${folder}/jobs.db`),
    jobs: async (folder) => new Set(await jobsOf(`${folder}/jobs.db`)),
  },
  {
    title: "embedded server, in memory",
    settings: "default; keeps nothing on disk",
    fault: () => Promise.resolve(undefined),
    start: () => startEmbedded("-"),
    jobs: () => Promise.resolve(new Set()),
  },
  {
    title: "Faktory 1.10, only Faktory is killed",
    settings: "its own Redis settings: snapshots; the kernel sends Redis a SIGTERM",
    fault: faktoryFault,
    start: (folder) => startFaktory(folder, "faktory"),
    jobs: jobsOfFaktory,
  },
  {
    title: "Faktory 1.10, killed with its Redis",
    settings: "its own Redis settings: a snapshot 30 s after 5 changes",
    fault: faktoryFault,
    start: (folder) => startFaktory(folder, "both"),
    jobs: jobsOfFaktory,
  },
  {
    title: "BullMQ 6.7, Redis is killed",
    settings: "Redis's defaults: a snapshot 60 s after 10,000 changes",
    fault: bullmqFault,
    start: (folder) => startBullmq(folder, []),
    jobs: (folder) => jobsOfBullmq(folder, []),
  },
  {
    title: "BullMQ 6.7, Redis is killed",
    settings: "`appendonly yes`, `appendfsync everysec`, as its guide recommends",
    fault: bullmqFault,
    start: (folder) => startBullmq(folder, ["--appendonly", "yes"]),
    jobs: (folder) => jobsOfBullmq(folder, ["--appendonly", "yes"]),
  },
];

async function startEmbedded(data: string): Promise<Running> {
  const args = ["run", "-A", "--no-check", "scripts/embedded_server.ts", data];
  const server = spawn(Deno.execPath(), args, { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(server.stdout!, "data");
  return {
    load: (ledger, confirmed) => loadFaktory(String(line).trim(), ledger, confirmed),
    kill: () => killed(server),
  };
}

async function faktoryFault(): Promise<string | undefined> {
  if (Deno.env.get(FAKTORY) === undefined) return `${FAKTORY} names no Faktory program`;
  return await redisFault();
}

async function redisFault(): Promise<string | undefined> {
  try {
    await output("redis-server", ["--version"]);
    return undefined;
  } catch {
    return "redis-server is not installed";
  }
}

async function startFaktory(folder: string, victims: "faktory" | "both"): Promise<Running> {
  const { faktory, port } = await bootFaktory(folder);
  const redis = await childOf(faktory.pid!);
  return {
    load: (ledger, confirmed) => loadFaktory(`tcp://127.0.0.1:${port}`, ledger, confirmed),
    async kill() {
      // Redis first: otherwise the kernel's SIGTERM gives it time to save.
      if (victims === "both") Deno.kill(redis, "SIGKILL");
      await killed(faktory);
      await ended(redis);
    },
  };
}

async function bootFaktory(folder: string): Promise<{ faktory: ChildProcess; port: number }> {
  const [port, web] = [freePort(), freePort()];
  await Deno.mkdir(`${folder}/db`, { recursive: true });
  const flags = { b: `127.0.0.1:${port}`, w: `127.0.0.1:${web}`, c: folder, d: `${folder}/db` };
  const args = Object.entries(flags).flatMap(([name, value]) => [`-${name}`, value]);
  const faktory = spawn(Deno.env.get(FAKTORY)!, args, { stdio: "ignore" });
  await listening(port);
  return { faktory, port };
}

/** Redis keeps each job as JSON in a list or a sorted set; the sets of history have no jobs. */
async function jobsOfFaktory(folder: string): Promise<ReadonlySet<number>> {
  const { faktory } = await bootFaktory(folder);
  const redis = await childOf(faktory.pid!);
  try {
    const ask = (...command: string[]) =>
      output("redis-cli", ["-s", `${folder}/db/redis.sock`, ...command]);
    const sets = ["scheduled", "retries", "dead", "working"];
    const texts = await Promise.all([
      ask("LRANGE", "q:default", "0", "-1"),
      ...sets.map((name) => ask("ZRANGE", name, "0", "-1")),
    ]);
    return jobsIn(texts.join("\n"));
  } finally {
    await killed(faktory);
    await ended(redis);
  }
}

async function bullmqFault(): Promise<string | undefined> {
  try {
    await cached(`bench-${BULLMQ.join("-")}`, BULLMQ);
  } catch (error) {
    return `npm could not give it: ${String(error).split("\n")[0]}`;
  }
  return await redisFault();
}

async function startBullmq(folder: string, settings: readonly string[]): Promise<Running> {
  const { redis, port } = await bootRedis(folder, settings);
  return {
    async load(ledger, confirmed) {
      const client = await startClient(port);
      const isGone = once(redis, "exit").then(() => client.kill("SIGKILL"));
      for await (const line of createInterface({ input: client.stdout! })) {
        const [event, job] = line.split(" ");
        if (event === "enqueued") ledger.confirm(Number(job));
        else if (event === "completing") ledger.acknowledge(Number(job));
        else ledger.end(Number(job));
        confirmed();
      }
      await isGone;
    },
    kill: () => killed(redis),
  };
}

async function bootRedis(folder: string, settings: readonly string[]) {
  const port = freePort();
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, ...settings];
  const redis = spawn("redis-server", args, { stdio: "ignore" });
  await listening(port);
  // It answers with an error until it has loaded its data.
  while (await output("redis-cli", ["-p", `${port}`, "PING"]) !== "PONG\n") await pause();
  return { redis, port };
}

async function jobsOfBullmq(
  folder: string,
  settings: readonly string[],
): Promise<ReadonlySet<number>> {
  const { redis, port } = await bootRedis(folder, settings);
  try {
    // A job has a hash of its own until it is completed.
    const keys = "bull:survival:job-*";
    return jobsIn(await output("redis-cli", ["-p", `${port}`, "KEYS", keys]));
  } finally {
    await killed(redis);
  }
}

/** Starts the program of BullMQ beside its packages, where Node finds them. */
async function startClient(port: number): Promise<ChildProcess> {
  const folder = await cached(`bench-${BULLMQ.join("-")}`, BULLMQ);
  await Deno.copyFile("scripts/survival/bullmq.mjs", `${folder}/survival.mjs`);
  return spawn("node", [`${folder}/survival.mjs`, `${port}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Loads a Faktory server by lines, without a client that could add to the result. */
function loadFaktory(url: string, ledger: Ledger, confirmed: () => void): Promise<void> {
  const load = { url, ledger, confirmed, random: Math.random, open: 0, isSteady: true };
  return loadServer(load, 8, 8);
}

/** Numbers of all jobs whose jids occur in a text. */
function jobsIn(text: string): Set<number> {
  return new Set(Array.from(text.matchAll(/job-\d+/g), ([jid]) => numberOf(jid)));
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Process id of the only child of a process. */
async function childOf(pid: number): Promise<number> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  if (children.trim() !== "") return Number(children.trim().split(" ")[0]);
  // Go starts a child on any of its threads.
  return Number((await output("pgrep", ["-P", `${pid}`])).trim().split("\n")[0]);
}

/** Resolves when a process that is not ours has ended: it may save its data until then. */
async function ended(pid: number): Promise<void> {
  while (await Deno.stat(`/proc/${pid}`).then(() => true, () => false)) await pause();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
