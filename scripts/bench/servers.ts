import { type JobInput, Producer } from "../../mod.ts";
import { output } from "../tools.ts";
import type { Programs } from "./programs.ts";
import { argsOf } from "./task.ts";
import { type ServerKind, servers, type Workload } from "./workloads.ts";

/** A server for one measurement. */
export interface Server {
  readonly url: string;
  readonly queue: string;
  readonly keepsJobs: boolean;
  /** Jobs for `consume`; `undefined` if they are endless. */
  readonly jobs: number | undefined;
  /** CPU time that it has used, in seconds, if it is one process of the bench. */
  cpuSeconds(): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** Large jobs are fewer, so that they fit into the server's memory. */
const MAX_FILL_BYTES = 96 * 1024 * 1024;

/** A server that has not taken its jobs by then is not measured. */
const FILL_MS = 60_000;

/** A server that does not answer by then has failed. */
const START_MS = 20_000;

/** Starts a server, or prepares the one that runs already, for a measurement of `ms`. */
export async function startServer(
  kind: ServerKind,
  { work, argBytes }: Workload,
  { programs, ms }: { readonly programs: Programs; readonly ms: number },
): Promise<Server> {
  const { fillRate } = servers.find(({ name }) => name === kind)!;
  const count = Math.ceil(Math.min(fillRate * ms / 1000, MAX_FILL_BYTES / (argBytes ?? 1)));
  const jobs = work === "consume" && kind !== "null" ? count : undefined;
  const { url, child, isMany, dispose } = await startOf(kind)(programs, argBytes);
  const queue = kind === "null" ? "default" : `bench-${crypto.randomUUID().slice(0, 8)}`;
  const server: Server = {
    url,
    queue,
    keepsJobs: kind !== "null",
    jobs,
    cpuSeconds: async () =>
      child === undefined || isMany ? undefined : await cpuSecondsOf(child.pid),
    async stop() {
      if (kind === "real") await removeQueue(url, queue);
      child?.kill("SIGTERM");
      await child?.status;
      await dispose?.();
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

/** Says why a server cannot be started here; `undefined` if it can. */
export async function serverFault(kind: ServerKind): Promise<string | undefined> {
  try {
    if (kind === "redis") await output("redis-server", ["--version"]);
    if (kind === "postgres") await output(`${await postgresFolder()}/initdb`, ["--version"]);
  } catch {
    return kind === "redis" ? "redis-server is not installed" : "PostgreSQL is not installed";
  }
  if (kind !== "real" || Deno.env.get("FAKTORY_URL") !== undefined) return undefined;
  return "FAKTORY_URL names no real Faktory";
}

/**
 * Servers that speak Faktory's protocol. The clients of the others fill their servers themselves.
 */
const FAKTORY: readonly ServerKind[] = ["real", "memory", "durable"];

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
  readonly child?: Deno.ChildProcess;
  /** It works in more processes than this one. */
  readonly isMany?: boolean;
  dispose?(): Promise<void>;
}

type Start = (programs: Programs, argBytes: number | undefined) => Promise<Started>;

function startOf(kind: ServerKind): Start {
  switch (kind) {
    case "real":
      return () => Promise.resolve({ url: Deno.env.get("FAKTORY_URL")! });
    case "null":
      return (programs, argBytes) => startOwn(programs, "null", argBytes?.toString());
    case "memory":
      return (programs) => startOwn(programs, "embedded");
    case "durable":
      return async (programs) => {
        const folder = await Deno.makeTempDir();
        const started = await startOwn(programs, "embedded", `${folder}/jobs.db`);
        return { ...started, dispose: () => Deno.remove(folder, { recursive: true }) };
      };
    case "redis":
      return startRedis;
    case "postgres":
      return startPostgres;
    case "bunqueue":
      return startBunqueue;
  }
}

/** A server of `servers/`, which prints its URL. */
async function startOwn(programs: Programs, name: string, ...args: (string | undefined)[]) {
  const [program, ...first] = programs.server(name);
  const options = { stdin: "piped", stdout: "piped", stderr: "null" } as const;
  const child = new Deno.Command(program!, {
    args: [...first, ...args.filter((arg) => arg !== undefined)],
    ...options,
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  reader.releaseLock();
  return {
    url: value.trim(),
    child,
    async dispose() {
      await child.stdin.close().catch(() => {});
    },
  };
}

async function startRedis(): Promise<Started> {
  const [folder, port] = [await Deno.makeTempDir(), freePort()];
  const options = {
    ...{ port, dir: folder, save: "", appendonly: "yes", appendfsync: "everysec" },
    ...{ "maxmemory-policy": "noeviction", bind: "127.0.0.1" },
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  return await startPeer(`redis://127.0.0.1:${port}`, { command: "redis-server", args, folder });
}

async function startBunqueue(programs: Programs): Promise<Started> {
  const [folder, port] = [await Deno.makeTempDir(), freePort()];
  const [command, ...first] = programs.bunqueue();
  const flags = ["--tcp-port", `${port}`, "--http-port", `${freePort()}`];
  const args = [...first, "start", ...flags, "--data-path", `${folder}/jobs.db`];
  return await startPeer(`bunqueue://127.0.0.1:${port}`, { command: command!, args, folder });
}

/** Nobody, as whom PostgreSQL runs if the bench runs as root: PostgreSQL refuses to run as root. */
const NOBODY = 65534;

async function startPostgres(): Promise<Started> {
  const [bin, folder, port] = [await postgresFolder(), await Deno.makeTempDir(), freePort()];
  const isRoot = Deno.uid() === 0;
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  if (isRoot) await Deno.chown(folder, NOBODY, NOBODY);
  const run = async (program: string, args: readonly string[]) => {
    const command = new Deno.Command(`${bin}/${program}`, {
      ...{ ...user, cwd: folder, args: [...args], stdin: "null" },
    });
    const { success, stderr } = await command.output();
    if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
  };
  const data = `${folder}/data`;
  await run("initdb", ["-D", data, "-U", "bench", "-A", "trust", "--no-sync", "-E", "UTF8"]);
  const args = ["-D", data, "-p", `${port}`, "-k", folder, "-c", "listen_addresses=127.0.0.1"];
  const url = `postgres://bench@127.0.0.1:${port}/postgres`;
  const started = await startPeer(url, { command: `${bin}/postgres`, args, folder, user });
  // It takes connections a moment before it takes queries.
  const until = performance.now() + START_MS;
  while (true) {
    try {
      await run("psql", [url, "-c", "select 1"]);
      return { ...started, isMany: true };
    } catch (error) {
      if (performance.now() > until) throw error;
    }
  }
}

/** Debian has the programs of PostgreSQL in a folder of each version. */
async function postgresFolder(): Promise<string> {
  const root = "/usr/lib/postgresql";
  const versions = await Array.fromAsync(Deno.readDir(root)).catch(() => []);
  const newest = versions.map(({ name }) => Number(name)).sort((a, b) => b - a)[0];
  if (newest !== undefined) return `${root}/${newest}/bin`;
  return (await output("pg_config", ["--bindir"])).trim();
}

interface Peer {
  readonly command: string;
  readonly args: string[];
  readonly folder: string;
  readonly user?: { uid?: number; gid?: number };
}

/** Starts a program, and waits until its port takes a connection. */
async function startPeer(
  url: string,
  { command, args, folder, user = {} }: Peer,
): Promise<Started> {
  const child = new Deno.Command(command, {
    ...{ args, ...user, cwd: folder },
    ...{ stdin: "null", stdout: "null", stderr: "null" },
  }).spawn();
  const dispose = () => Deno.remove(folder, { recursive: true });
  const until = performance.now() + START_MS;
  while (true) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) })).close();
      return { url, dispose, child };
    } catch {
      if (performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      child.kill("SIGKILL");
      await child.status;
      await dispose();
      throw new Error(`${command} did not start`);
    }
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Clock ticks a second of Linux. */
const TICKS = 100;

/** User and system time of a process; `undefined` where there is no /proc. */
async function cpuSecondsOf(pid: number): Promise<number | undefined> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13);
    return (Number(user) + Number(system)) / TICKS;
  } catch {
    return undefined;
  }
}
