import { type JobInput, Producer } from "../../mod.ts";
import { noPostgres, PostgresServer } from "../../tests/outbox/postgres_server.ts";
import { Program } from "../program.ts";
import { freePort, listening, output } from "../tools.ts";
import type { Programs } from "./programs.ts";
import { argsOf } from "./task.ts";
import { type ServerKind, servers, type Workload } from "./workloads.ts";

/** A server for one measurement. */
export interface Server {
  readonly url: string;
  readonly queue: string;
  /** False for the null server. */
  readonly keepsJobs: boolean;
  /** Number of jobs for `consume`; `undefined` if there is no end. */
  readonly jobs: number | undefined;
  /** Returns its CPU time, in seconds, if it is one process of the bench. */
  cpuSeconds(): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** Large jobs are fewer, so that they fit into the server's memory. */
const MAX_FILL_BYTES = 96 * 1024 * 1024;

/** Time limit for filling a server with jobs. */
const FILL_MS = 60_000;

/** Servers that speak Faktory's protocol. The clients of the others fill their servers. */
const FAKTORY: readonly ServerKind[] = ["real", "memory", "durable"];

/** Starts a server, or prepares the one that runs already, for a measurement of `ms`. */
export async function startServer(
  kind: ServerKind,
  { work, argBytes }: Workload,
  { programs, ms }: { readonly programs: Programs; readonly ms: number },
): Promise<Server> {
  const { fillRate } = servers.find(({ name }) => name === kind)!;
  const count = Math.ceil(Math.min(fillRate * ms / 1000, MAX_FILL_BYTES / (argBytes ?? 1)));
  const jobs = work === "consume" && kind !== "null" ? count : undefined;
  const queue = kind === "null" ? "default" : `bench-${crypto.randomUUID().slice(0, 8)}`;
  const folder = await Deno.makeTempDir();
  const { url, program, stop } = await starters[kind]({ programs, argBytes, folder });
  const server: Server = {
    ...{ url, queue, keepsJobs: kind !== "null", jobs },
    cpuSeconds: async () => program && await cpuSecondsOf(program.child.pid!),
    async stop() {
      if (kind === "real") await removeQueue(url, queue);
      await stop?.();
      await program?.kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
  try {
    if (jobs !== undefined && FAKTORY.includes(kind)) await fill(server, jobs, argBytes);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** Returns why a server cannot be started here; `undefined` if it can. */
export async function serverFault(kind: ServerKind): Promise<string | undefined> {
  if (kind === "real" && Deno.env.get("FAKTORY_URL") === undefined) {
    return "FAKTORY_URL names no real Faktory";
  }
  if (kind === "postgres" && noPostgres !== false) return noPostgres;
  if (kind !== "redis") return undefined;
  return await output("redis-server", ["--version"])
    .then(() => undefined, () => "redis-server is not installed");
}

async function fill({ url, queue }: Server, jobs: number, argBytes?: number): Promise<void> {
  // Jobs that still run when a client ends must not come back.
  const job: JobInput = { type: "bench", args: argsOf(argBytes), queue, retry: 0, reserveFor: 60 };
  await using producer = await Producer.connect({ url });
  const signal = AbortSignal.timeout(FILL_MS);
  const all = Array.from({ length: jobs }, () => job);
  const { failed } = await producer.enqueueMany(all, { signal });
  for (const error of failed.values()) throw error;
}

async function removeQueue(url: string, queue: string): Promise<void> {
  await using producer = await Producer.connect({ url });
  await producer.queues.remove(queue);
}

interface Started {
  readonly url: string;
  /** Its process, unless it works in several. */
  readonly program?: Program;
  readonly stop?: () => Promise<void>;
}

interface Surroundings {
  readonly programs: Programs;
  readonly argBytes: number | undefined;
  /** An empty folder for its data. */
  readonly folder: string;
}

const starters: Readonly<Record<ServerKind, (around: Surroundings) => Promise<Started>>> = {
  real: () => Promise.resolve({ url: Deno.env.get("FAKTORY_URL")! }),
  null: ({ programs, argBytes }) =>
    startOwn([...programs.server("null_server"), `${argBytes ?? ""}`]),
  memory: ({ programs }) => startOwn(programs.server("embedded_server")),
  durable: ({ programs, folder }) =>
    startOwn([...programs.server("embedded_server"), `${folder}/data`]),
  redis({ folder }) {
    const port = freePort();
    const options = {
      ...{ port, dir: folder, save: "", appendonly: "yes", appendfsync: "everysec" },
      ...{ "maxmemory-policy": "noeviction", bind: "127.0.0.1" },
    };
    return startOther(["redis-server", ...flagsOf(options)], `redis://127.0.0.1:${port}`);
  },
  async postgres() {
    const port = freePort();
    const server = await PostgresServer.start(["-c", "listen_addresses=127.0.0.1"], port);
    return { url: `postgres://test@127.0.0.1:${port}/postgres`, stop: () => server.stop() };
  },
  bunqueue({ programs, folder }) {
    const port = freePort();
    const flags = { "tcp-port": port, "http-port": freePort(), "data-path": `${folder}/jobs.db` };
    const command = [...programs.bunqueue, "start", ...flagsOf(flags)];
    return startOther(command, `bunqueue://127.0.0.1:${port}`);
  },
};

function flagsOf(options: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
}

async function startOwn(command: readonly string[]): Promise<Started> {
  const program = new Program(command);
  return { url: await program.line(/^tcp:/), program };
}

/** Starts a server, and waits until its port accepts a connection. */
async function startOther(command: readonly string[], url: string): Promise<Started> {
  const program = new Program(command);
  await listening(Number(new URL(url).port));
  return { url, program };
}

/** Clock ticks a second of Linux. */
const TICKS = 100;

/** Returns the user and system time of a process; `undefined` if there is no /proc. */
async function cpuSecondsOf(pid: number): Promise<number | undefined> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => undefined);
  const [user, system] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13) ?? [];
  return stat === undefined ? undefined : (Number(user) + Number(system)) / TICKS;
}
