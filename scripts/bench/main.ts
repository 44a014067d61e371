/**
 * `deno task bench`: this package beside the npm package `faktory-worker`, against a server that does nothing, on each
 * runtime, both in the same run and each in a process of its own. Prints jobs a second and CPU time a job: medians, and
 * the least and the most of all rounds.
 */

import Table from "cli-table3";
import type { Measurement } from "./measure.ts";

const ROUNDS = 3;
const MEASURE_MS = 2000;
const WORKLOADS = ["enqueue", "consume"] as const;

/** What the design is held to. */
const GOAL = 10;

type Client = "ours" | "npm";

/**
 * How each runtime runs a client. For Node this package is bundled, as it is JavaScript that its users install: `tsx` wraps
 * every function that is made, which costs as much again as what is measured.
 */
const RUNTIMES: Record<string, (client: Client) => string[]> = {
  deno: (client) => [Deno.execPath(), "run", "-A", "--no-check", source(client)],
  bun: (client) => ["node_modules/.bin/bun", source(client)],
  node: (client) =>
    client === "ours"
      ? ["node", `${bundles}/client_ours.js`]
      : ["node", "--import", "tsx", source(client)],
};

const bundles = await Deno.makeTempDir();

function source(client: Client): string {
  return `scripts/bench/client_${client}.ts`;
}

async function bundle(): Promise<void> {
  await Deno.writeTextFile(`${bundles}/package.json`, '{"type":"module"}');
  const options = [
    "--bundle",
    "--splitting",
    "--format=esm",
    "--platform=node",
    "--target=node20",
    "--external:cloudflare:*",
  ];
  await run([
    "node_modules/.bin/esbuild",
    source("ours"),
    ...options,
    `--outdir=${bundles}`,
    "--log-level=error",
  ]);
}

async function run([program, ...args]: string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(program!, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`${program} ${args.join(" ")} failed:\n${new TextDecoder().decode(stderr)}`);
}

async function withServer<T>(use: (url: string) => Promise<T>): Promise<T> {
  const server = new Deno.Command("node", {
    args: ["--import", "tsx", "scripts/bench/null_server.ts"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  try {
    return await use(`tcp://127.0.0.1:${Number(value)}`);
  } finally {
    await server.stdin.close();
    await reader.cancel();
    await server.status;
  }
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function rate({ jobs, seconds }: Measurement): number {
  return jobs / seconds;
}

function microseconds({ cpuSeconds, jobs }: Measurement): number {
  return cpuSeconds / jobs * 1e6;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

const measured = new Map<string, Measurement[]>();
const total = ROUNDS * WORKLOADS.length * Object.keys(RUNTIMES).length * 2;
let count = 0;

await bundle();
for (let round = 0; round < ROUNDS; round++) {
  for (const workload of WORKLOADS) {
    for (const [runtime, command] of Object.entries(RUNTIMES)) {
      for (const client of ["ours", "npm"] satisfies Client[]) {
        console.error(`${++count}/${total}  ${workload} on ${runtime}, ${client}`);
        const key = `${workload} ${runtime} ${client}`;
        const text = await withServer((url) =>
          run([...command(client), workload, url, String(MEASURE_MS)])
        );
        measured.set(key, [...measured.get(key) ?? [], JSON.parse(text)]);
      }
    }
  }
}

const table = new Table({
  head: [
    "work, 100 at once",
    "runtime",
    "ours /s",
    "spread",
    "npm client /s",
    "spread",
    "ratio",
    "CPU us/job",
  ],
  style: { head: [], border: [] },
});
let reached = true;
for (const workload of WORKLOADS) {
  for (const runtime of Object.keys(RUNTIMES)) {
    const [ours, npm] = (["ours", "npm"] satisfies Client[])
      .map((client) => measured.get(`${workload} ${runtime} ${client}`)!) as [
        Measurement[],
        Measurement[],
      ];
    const ratio = median(ours.map(rate)) / median(npm.map(rate));
    if (ratio < GOAL) reached = false;
    table.push([
      workload,
      runtime,
      ...[ours, npm].flatMap((all) => {
        const rates = all.map(rate);
        return [
          whole(median(rates)),
          `${whole(Math.min(...rates))} - ${whole(Math.max(...rates))}`,
        ];
      }),
      `${ratio.toFixed(1)}x`,
      `${median(ours.map(microseconds)).toFixed(1)} / ${median(npm.map(microseconds)).toFixed(1)}`,
    ]);
  }
}
console.log(table.toString());
console.log(
  reached ? `At least ${GOAL} times the npm client everywhere.` : `Below ${GOAL} times somewhere.`,
);
await Deno.remove(bundles, { recursive: true });
Deno.exit(reached ? 0 : 1);
