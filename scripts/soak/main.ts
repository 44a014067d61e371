/**
 * `deno task soak`: runs a producer and a consumer at a steady rate for some minutes, over
 * connections that fail from time to time. See `--help`.
 */

import { createInterface } from "node:readline";
import { TcpProxy } from "../../tests/faults/tcp_proxy.ts";
import { commandOf, Program, type RuntimeName } from "../program.ts";
import { list, runMain, textFlags, UsageError } from "../usage.ts";
import { injectFaults } from "./faults.ts";
import { type End, findingsOf, type Load, type Sample } from "./verdict.ts";

const RUNTIMES: readonly RuntimeName[] = ["deno", "bun", "node"];
const MINUTES = 10;
/** Jobs a second. */
const RATE = 500;

const help = `deno task soak [OPTION..]

Moves ${RATE} jobs a second from a producer to a consumer, through a proxy that resets, silences and
cuts their connections from time to time, and prints memory, handles and delays of their process.
Exits with 1 if memory keeps growing, handles are left, the event loop is blocked, or a job is lost
or runs twice without a lost reply. The server is an embedded one in its own process, or that of
FAKTORY_URL, on queues that are removed (soak-..). The proxy works only for a server on this machine
without TLS.

  --minutes N         how long jobs are enqueued; ${MINUTES} if not given
  --runtime NAME      runtime of the producer and the consumer, of ${RUNTIMES.join(", ")}; deno if
                      not given
  --help              prints this`;

/** Flags with which the load can run the garbage collector, to measure only memory in use. */
const GC_FLAGS = { deno: ["--v8-flags=--expose-gc"], node: ["--expose-gc"], bun: [] };

const COLUMNS: readonly (readonly [head: string, cell: (sample: Sample) => string])[] = [
  ["s", ({ seconds }) => seconds.toFixed(0)],
  ["sent", ({ sent }) => `${sent}`],
  ["done", ({ done }) => `${done}`],
  ["in flight", ({ inFlight }) => `${inFlight}`],
  ["heap MB", ({ heapBytes }) => (heapBytes / 1e6).toFixed(1)],
  ["rss MB", ({ rssBytes }) => (rssBytes / 1e6).toFixed(1)],
  ["files", ({ handles }) => `${handles.files ?? "-"}`],
  ["resources", ({ handles }) => `${handles.resources}`],
  ["lag p99 ms", ({ lagMs }) => lagMs.p99.toFixed(1)],
  ["max", ({ lagMs }) => lagMs.max.toFixed(0)],
  ["lost conns", ({ lost }) => `${lost}`],
];

/** Formats a row of the table. Its width is fixed, as each row is printed when it comes. */
function row(cell: (column: (typeof COLUMNS)[number]) => string): string {
  return COLUMNS.map((column) => cell(column).padStart(10)).join(" ");
}

async function soak(name: RuntimeName, minutes: number): Promise<number> {
  const given = Deno.env.get("FAKTORY_URL");
  await using server = given === undefined
    ? new Program(commandOf("scripts/embedded_server.ts"))
    : undefined;
  const url = new URL(given ?? await server!.line(/^tcp:/));
  const isLocal = url.protocol === "tcp:" && ["localhost", "127.0.0.1"].includes(url.hostname);
  await using proxy = isLocal ? await TcpProxy.start(Number(url.port || 7419)) : undefined;
  if (proxy !== undefined) url.port = `${proxy.port}`;
  const queue = `soak-${crypto.randomUUID().slice(0, 8)}`;
  const ms = minutes * 60_000;
  console.log(`${name}, ${RATE} jobs/s for ${minutes} minutes`);
  console.log(row(([head]) => head));
  const endFaults = proxy && injectFaults(proxy);
  const timer = setTimeout(() => endFaults?.(), ms);
  const { samples, end } = await runLoad(name, { url: url.href, queue, rate: RATE, ms });
  clearTimeout(timer);
  // Samples after the last job are not under load.
  const findings = findingsOf(samples.filter(({ seconds }) => seconds * 1000 <= ms), end);
  console.log(`faults: ${JSON.stringify(proxy?.counts ?? "none")}`);
  for (const { what, holds, figure } of findings) {
    console.log(`${holds ? "ok    " : "FAILED"} ${what}: ${figure}`);
  }
  const isGood = findings.every(({ holds }) => holds);
  console.log(isGood ? "passed" : "FAILED");
  return isGood ? 0 : 1;
}

/** Runs the process of the load, and prints its samples. */
async function runLoad(name: RuntimeName, load: Load) {
  const [command, ...args] = commandOf("scripts/soak/load.ts", name);
  // The flags of a runtime come after `run`.
  args.splice(name === "deno" ? 1 : 0, 0, ...GC_FLAGS[name]);
  await using program = new Program([command!, ...args, JSON.stringify(load)]);
  const samples: Sample[] = [];
  for await (const line of createInterface(program.child.stdout!)) {
    const printed: Sample | End = JSON.parse(line);
    if ("after" in printed) return { samples, end: printed };
    samples.push(printed);
    console.log(row(([, cell]) => cell(printed)));
  }
  await program.end();
  throw new Error("the load ended before its last line");
}

const flags = textFlags("minutes", "runtime");

await runMain({ help, flags }, ({ minutes = `${MINUTES}`, runtime = "deno" }) => {
  const [name, ...others] = list("--runtime", runtime, RUNTIMES);
  if (others.length > 0) throw new UsageError("Cannot use --runtime as it names several");
  if (Number(minutes) > 0) return soak(name!, Number(minutes));
  throw new UsageError(`Cannot use --minutes as it is not a number above 0: got "${minutes}"`);
});
