/**
 * How fast the embedded server is: `deno run -A scripts/bench/server.ts [memory|durable|URL ...]`,
 * each in a process of its own. PUSH on one connection, 1000 on their way at any time; PUSHB of
 * 100; FETCH and ACK on 8 connections, 16 of each on their way, and on 100 connections, one on its
 * way: jobs a second, the medians of three rounds, and the server's CPU time for each job, which
 * other work on the machine changes less. `RUNTIME=bun` or `node` runs the server in that runtime.
 */

import process from "node:process";
import { LineClient } from "../line_client.ts";
import { firstLine, startProgram } from "./start_program.ts";

const ROUNDS = 3;
const JOBS = 60_000;

let count = 0;
function job(): string {
  const jid = (++count).toString(36).padStart(16, "0");
  return `{"jid":"${jid}","queue":"default","jobtype":"resize","args":["cat.png",320],` +
    `"created_at":"2026-01-01T00:00:00Z","retry":25}`;
}

/** The process of the server that is measured, where it is known. */
let serverPid: number | undefined;

/** The CPU time of the server up to now, in microseconds. */
async function serverMicros(): Promise<number> {
  if (serverPid === undefined) return NaN;
  const stat = await Deno.readTextFile(`/proc/${serverPid}/stat`);
  const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13);
  return (Number(user) + Number(system)) * 10_000;
}

interface Figures {
  /** Jobs a second. */
  readonly rate: number;
  /** CPU time of the server for a job, in microseconds. */
  readonly micros: number;
}

async function timed(jobs: number, run: () => Promise<unknown>): Promise<Figures> {
  const start = performance.now();
  const before = await serverMicros();
  await run();
  const micros = (await serverMicros() - before) / jobs;
  return { rate: jobs / (performance.now() - start) * 1000, micros };
}

/** 500 more are sent whenever 500 have been answered, so that up to 1000 are on their way. */
async function push(port: number, jobs: number): Promise<Figures> {
  const client = await LineClient.hello(port);
  const texts = Array.from({ length: jobs / 500 }, () => {
    let text = "";
    for (let i = 0; i < 500; i++) text += `PUSH ${job()}\r\n`;
    return text;
  });
  const rate = await timed(jobs, async () => {
    client.send(texts[0]!);
    for (const text of texts.slice(1)) {
      client.send(text);
      await client.ask("", 500);
    }
    await client.ask("", 500);
  });
  client.close();
  return rate;
}

async function pushBulk(port: number, jobs: number): Promise<Figures> {
  const client = await LineClient.hello(port);
  const texts = Array.from({ length: jobs / 1000 }, () => {
    let text = "";
    for (let i = 0; i < 10; i++) {
      text += `PUSHB [${Array.from({ length: 100 }, job).join(",")}]\r\n`;
    }
    return text;
  });
  const rate = await timed(jobs, async () => {
    for (const text of texts) await client.ask(text, 20);
  });
  client.close();
  return rate;
}

async function run(
  port: number,
  { jobs, connections, depth }: { jobs: number; connections: number; depth: number },
): Promise<Figures> {
  const clients = await Promise.all(
    Array.from({ length: connections }, () => LineClient.hello(port)),
  );
  let left = jobs;
  const work = async (client: LineClient) => {
    while (left >= depth) {
      left -= depth;
      const lines = await client.ask("FETCH default\r\n".repeat(depth), 2 * depth);
      let text = "";
      for (let i = 1; i < lines.length; i += 2) {
        text += `ACK {"jid":"${JSON.parse(lines[i]!).jid}"}\r\n`;
      }
      await client.ask(text, depth);
    }
  };
  const rate = await timed(jobs, () => Promise.all(clients.map(work)));
  for (const client of clients) client.close();
  return rate;
}

async function measure(port: number): Promise<Figures[]> {
  await push(port, JOBS / 4);
  await run(port, { jobs: JOBS / 4, connections: 8, depth: 10 });
  const flush = await LineClient.hello(port);
  await flush.ask("FLUSH\r\n", 1);
  flush.close();
  return [
    await push(port, JOBS),
    await pushBulk(port, JOBS),
    await run(port, { jobs: JOBS, connections: 8, depth: 16 }),
    await run(port, { jobs: JOBS / 2, connections: 100, depth: 1 }),
  ];
}

async function withServer<T>(kind: string, use: (port: number) => Promise<T>): Promise<T> {
  if (kind.startsWith("tcp:")) return await use(Number(new URL(kind).port));
  const folder = await Deno.makeTempDir();
  const data = kind === "memory" ? "-" : `${folder}/jobs.db`;
  const runtime = Deno.env.get("RUNTIME") ?? "deno";
  const server = startProgram(runtime, ["scripts/crash/server.ts", data]);
  serverPid = server.pid;
  const port = Number(await firstLine(server));
  try {
    return await use(port);
  } finally {
    server.stdin!.end();
    await new Promise((resolve) => server.once("exit", resolve));
    await Deno.remove(folder, { recursive: true });
  }
}

const given = process.argv.slice(2);
const kinds = given.length === 0 ? ["memory", "durable"] : given;
// Each in every round, so that a slow minute of the machine meets all of them.
const rounds: Figures[][][] = [];
for (let i = 0; i < ROUNDS; i++) {
  const round: Figures[][] = [];
  for (const kind of kinds) {
    serverPid = undefined;
    round.push(await withServer(kind, measure));
  }
  rounds.push(round);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[ROUNDS >> 1]!;
}

console.log(["server", "PUSH", "PUSHB", "FETCH+ACK 8x16", "FETCH+ACK 100x1"].join("\t"));
for (const [i, kind] of kinds.entries()) {
  const columns = rounds[0]![i]!.map((_, column) => {
    const figures = rounds.map((round) => round[i]![column]!);
    const rate = Math.round(median(figures.map(({ rate }) => rate)));
    return `${rate} (${median(figures.map(({ micros }) => micros)).toFixed(1)} us)`;
  });
  console.log([kind, ...columns].join("\t"));
}
process.exit(0);
