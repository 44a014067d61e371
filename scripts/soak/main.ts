/**
 * `deno task soak`: runs a producer and a consumer at a steady rate for some minutes, over
 * connections that fail now and then. Prints memory, handles, delays of the event loop, and whether
 * each condition holds. Exits with 1 if one does not.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { deno } from "../tools.ts";
import { runMain } from "../usage.ts";
import { Faults } from "./faults.ts";
import { help, readOptions, type SoakOptions, type SoakRuntime } from "./options.ts";
import { type End, findingsOf, type Load, type Sample } from "./verdict.ts";

const load = "scripts/soak/load.ts";

/**
 * Commands that run the load with a garbage collector that it can call, so that only memory in use
 * is measured.
 */
const commands: Readonly<Record<SoakRuntime, readonly [command: string, ...args: string[]]>> = {
  deno: [deno, "run", "-A", "--no-check", "--v8-flags=--expose-gc", load],
  bun: ["node_modules/.bin/bun", load],
  node: ["node", "--expose-gc", "--import", "tsx", load],
};

const COLUMNS: readonly (readonly [head: string, cell: (sample: Sample) => string])[] = [
  ["s", ({ seconds }) => seconds.toFixed(0)],
  ["sent", ({ sent }) => `${sent}`],
  ["done", ({ done }) => `${done}`],
  ["under way", ({ underWay }) => `${underWay}`],
  ["heap MB", ({ heapBytes }) => (heapBytes / 1e6).toFixed(1)],
  ["rss MB", ({ rssBytes }) => (rssBytes / 1e6).toFixed(1)],
  ["files", ({ handles }) => `${handles.files ?? "-"}`],
  ["resources", ({ handles }) => `${handles.resources}`],
  ["lag p99 ms", ({ lagMs }) => lagMs.p99.toFixed(1)],
  ["max", ({ lagMs }) => lagMs.max.toFixed(0)],
  ["lost conns", ({ lost }) => `${lost}`],
];

/** A row of the table. Its width is fixed, as each row is printed when it comes. */
function row(cell: (column: (typeof COLUMNS)[number]) => string): string {
  return COLUMNS.map((column) => cell(column).padStart(10)).join(" ");
}

async function main(options: SoakOptions): Promise<number> {
  await using server = await startServer();
  await using faults = options.hasFaults ? await faultsBefore(server.url, options.seed) : undefined;
  const url = new URL(server.url);
  if (faults !== undefined) url.port = `${faults.port}`;
  const queue = `soak-${crypto.randomUUID().slice(0, 8)}`;
  const ms = options.minutes * 60_000;
  console.log(`${options.runtime}, ${options.rate} jobs/s for ${options.minutes} minutes`);
  console.log(row(([head]) => head));
  faults?.begin();
  const timer = setTimeout(() => faults?.end(), ms);
  const { samples, end } = await runLoad(options.runtime, {
    ...{ url: url.href, queue, rate: options.rate, ms },
  });
  clearTimeout(timer);
  // Samples after the last job are not under load.
  const findings = findingsOf(samples.filter(({ seconds }) => seconds * 1000 <= ms), end);
  const isGood = findings.every(({ holds }) => holds);
  if (faults !== undefined) console.log(`faults: ${JSON.stringify(faults.counts)}`);
  for (const { what, holds, figure } of findings) {
    console.log(`${holds ? "ok    " : "FAILED"} ${what}: ${figure}`);
  }
  console.log(isGood ? "passed" : "FAILED");
  if (options.json !== undefined) {
    const told = { options, isGood, findings, faults: faults?.counts, end, samples };
    await Deno.writeTextFile(options.json, `${JSON.stringify(told, null, 2)}\n`);
  }
  return isGood ? 0 : 1;
}

/** Returns the server of FAKTORY_URL, or starts an embedded one in its own process. */
async function startServer(): Promise<{ readonly url: string } & AsyncDisposable> {
  const given = Deno.env.get("FAKTORY_URL");
  if (given !== undefined) return { url: given, [Symbol.asyncDispose]: () => Promise.resolve() };
  const child = spawn(deno, ["run", "-A", "--no-check", "scripts/bench/servers/embedded.ts"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const [url] = await Promise.race([once(createInterface(child.stdout), "line"), ended]);
  if (typeof url !== "string") throw new Error("the embedded server did not start");
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

/** Starts a proxy with faults. Works only for a server on this machine without TLS. */
async function faultsBefore(url: string, seed: number): Promise<Faults | undefined> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol === "tcp:" && ["localhost", "127.0.0.1"].includes(hostname)) {
    return await Faults.before(Number(port || 7419), seed);
  }
  console.error("no faults: the server is not on this machine, or speaks TLS");
  return undefined;
}

async function runLoad(runtime: SoakRuntime, task: Load) {
  const [command, ...args] = commands[runtime];
  const child = spawn(command, [...args, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const samples: Sample[] = [];
  let end: End | undefined;
  for await (const line of createInterface(child.stdout)) {
    const told: Sample | End = JSON.parse(line);
    if ("after" in told) {
      end = told;
      continue;
    }
    samples.push(told);
    console.log(row(([, show]) => show(told)));
  }
  const [code] = await exited;
  if (end === undefined) throw new Error(`the load exited with ${code} before its end`);
  return { samples, end };
}

await runMain(async () => {
  const options = readOptions(Deno.args);
  if (options !== undefined) return await main(options);
  console.log(help);
  return 0;
});
