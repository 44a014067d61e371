/**
 * What the embedded server does with very many jobs: `deno run -A scripts/bench/scale.ts
 * [deno|bun|node ...]`. For each step: how long another client waited for a reply at most, how long
 * the step took, and the server's memory. `JOBS` is how many jobs there are in all (3,000,000),
 * `DATA` a folder for a durable server.
 */

import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { LineClient } from "../line_client.ts";
import { firstLine, startProgram } from "./start_program.ts";

/** The folder of a durable server. */
const DATA = Deno.env.get("DATA") ?? "-";
const JOBS = Number(Deno.env.get("JOBS") ?? 3_000_000);
const BATCH = 500;

let count = 0;

/** A job of 200 characters. */
function job(more = ""): string {
  const jid = `scale-${String(++count).padStart(12, "0")}`;
  const json =
    `{"jid":"${jid}","jobtype":"resize","retry":25,"created_at":"2026-01-01T00:00:00Z"${more}`;
  return `${json},"args":["${"x".repeat(Math.max(0, 200 - json.length - 12))}"]}`;
}

async function push(port: number, jobs: number, more: (index: number) => string): Promise<void> {
  const client = await LineClient.hello(port);
  let ahead = 0;
  for (let i = 0; i < jobs; i += BATCH) {
    const all = Array.from({ length: Math.min(BATCH, jobs - i) }, (_, k) => job(more(i + k)));
    client.send(`PUSHB [${all.join()}]\r\n`);
    if (++ahead < 4) continue;
    ahead--;
    await client.ask("", 2);
  }
  await client.ask("", 2 * ahead);
  client.close();
}

async function run(port: number, jobs: number): Promise<void> {
  const client = await LineClient.hello(port);
  for (let i = 0; i < jobs; i += 16) {
    const lines = await client.ask("FETCH default\r\n".repeat(16), 32);
    const jids = lines.filter((_, k) => k % 2 === 1).map((line) => JSON.parse(line).jid);
    await client.ask(jids.map((jid) => `ACK {"jid":"${jid}"}\r\n`).join(""), 16);
  }
  client.close();
}

async function ask(port: number, line: string, lines = 1): Promise<string> {
  const client = await LineClient.hello(port);
  const reply = (await client.ask(`${line}\r\n`, lines)).at(-1)!;
  client.close();
  return reply;
}

/** Until no scheduled job is left. */
async function allDue(port: number): Promise<void> {
  while (!/"scheduled":0/.test(await ask(port, "INFO", 2))) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function memoryMebibytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

interface Step {
  readonly name: string;
  /** Is not measured. */
  readonly before?: (port: number) => Promise<unknown>;
  readonly run: (port: number) => Promise<unknown>;
}

const SIXTH = Math.round(JOBS / 6);
const later = (ms: number) => `,"at":"${new Date(Date.now() + ms).toISOString()}"`;

const AFTER_RESTART = "INFO, ten times";

const STEPS: readonly Step[] = [
  { name: "nothing", run: () => new Promise((resolve) => setTimeout(resolve, 2000)) },
  { name: `PUSHB of ${JOBS} jobs`, run: (port) => push(port, JOBS, () => "") },
  { name: "FETCH and ACK of 20,000 of them", run: (port) => run(port, 20_000) },
  {
    name: AFTER_RESTART,
    run: async (port) => {
      for (let i = 0; i < 10; i++) await ask(port, "INFO", 2);
    },
  },
  {
    name: `${SIXTH} jobs due in one second`,
    before: async (port) => {
      await ask(port, "FLUSH");
      const at = later(60_000 + SIXTH / 20);
      await push(port, SIXTH, () => at);
    },
    run: allDue,
  },
  {
    name: `MUTATE discards ${2 * SIXTH} jobs`,
    before: async (port) => {
      await ask(port, "FLUSH");
      const at = later(86_400_000);
      await push(port, 2 * SIXTH, () => at);
    },
    run: (port) =>
      ask(port, `MUTATE {"cmd":"discard","target":"scheduled","filter":{"jobtype":"resize"}}`),
  },
  {
    name: "INFO of 100,000 queues, ten times",
    before: (port) => push(port, 100_000, (index) => `,"queue":"queue-${index}"`),
    run: async (port) => {
      for (let i = 0; i < 10; i++) await ask(port, "INFO", 2);
    },
  },
];

async function cpuMillis(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13);
  return (Number(user) + Number(system)) * 10;
}

/** Kills a server with data and starts it again. */
async function restarted(runtime: string, killed: ChildProcess): Promise<[ChildProcess, number]> {
  const exited = new Promise((resolve) => killed.once("exit", resolve));
  killed.kill("SIGKILL");
  await exited;
  const start = performance.now();
  const server = startProgram(runtime, ["scripts/crash/server.ts", DATA]);
  const port = Number(await firstLine(server));
  await ask(port, "INFO", 2);
  const took = `${Math.round(performance.now() - start)} ms`;
  const cpu = `${await cpuMillis(server.pid!)} ms of CPU time`;
  const memory = `${await memoryMebibytes(server.pid!)} MiB`;
  console.log([runtime, "start after a kill", "", `${took} (${cpu})`, memory].join("\t"));
  return [server, port];
}

async function measure(runtime: string): Promise<void> {
  let server = startProgram(runtime, ["scripts/crash/server.ts", DATA]);
  let port = Number(await firstLine(server));
  for (const { name, before, run } of STEPS) {
    if (name === AFTER_RESTART && DATA !== "-") [server, port] = await restarted(runtime, server);
    await before?.(port);
    const probe = startProgram("deno", ["scripts/bench/probe.ts", String(port)]);
    await firstLine(probe);
    const start = performance.now();
    await run(port);
    const took = performance.now() - start;
    probe.stdin!.end();
    const longest = await firstLine(probe);
    const memory = await memoryMebibytes(server.pid!);
    console.log(
      [runtime, name, `${longest} ms`, `${Math.round(took)} ms`, `${memory} MiB`].join("\t"),
    );
  }
  server.kill("SIGKILL");
}

const wanted = process.argv.slice(2);
console.log(["runtime", "step", "longest wait", "took", "memory"].join("\t"));
for (const runtime of wanted.length === 0 ? ["deno", "bun", "node"] : wanted) {
  await measure(runtime);
}
process.exit(0);
