/**
 * `deno task bench:waits attacks|load`: measures how long a client of the embedded server waits
 * while others send expensive lines, or work with millions of jobs. See `--help`.
 */

import { commandOf, Program, type RuntimeName } from "../../program.ts";
import { integer, list, runMain, textFlags, UsageError } from "../../usage.ts";
import { ConnectionGone, RawClient } from "../../../tests/contract/raw_client.ts";
import { attacks, preparations } from "./attacks.ts";
import { ask, type Step, stepsOf } from "./load.ts";

const RUNTIMES: readonly RuntimeName[] = ["deno", "bun", "node"];
const MAX_LINE = String(128 * 1024 * 1024);
const JOBS = 3_000_000;

const help = `deno task bench:waits attacks|load [OPTION..]

Prints, for each step, the longest wait of a client of the embedded server for a reply, the time
that the step took, and the memory of the server. \`attacks\`: another client sends an expensive
line, each to a new server that accepts lines of 128 MiB. \`load\`: others work with many jobs.

  --runtimes NAME,..  runtimes of the server, of ${RUNTIMES.join(", ")}; all if not given
  --jobs N            number of jobs of the load; ${JOBS} if not given
  --data FOLDER       keeps the jobs of the load in this folder, and kills and restarts the server
  --help              prints this`;

interface Server {
  readonly name: string;
  readonly program: Program;
  readonly url: string;
}

async function startServer(name: RuntimeName, ...args: readonly string[]): Promise<Server> {
  const program = new Program([...commandOf("scripts/embedded_server.ts", name), ...args]);
  return { name, program, url: await program.line(/^tcp:/) };
}

function print(...cells: readonly (string | number)[]): void {
  console.log(cells.join("\t"));
}

/** Measures the waits of a client in another process during a step, and prints them. */
async function measure({ name: runtime, program, url }: Server, step: Step): Promise<void> {
  await step.before?.(url);
  await using probe = new Program([...commandOf("scripts/bench/waits/probe.ts"), url]);
  await probe.line(/ready/);
  const start = performance.now();
  const reply = await step.run(url);
  const ms = Math.round(performance.now() - start);
  // Work of the server after its reply counts too.
  await new Promise((resolve) => setTimeout(resolve, 500));
  probe.child.stdin!.end();
  const longest = await probe.line(/^\d/);
  const status = await Deno.readTextFile(`/proc/${program.child.pid}/status`);
  const [rss, peak] = ["VmRSS", "VmHWM"].map((field) =>
    `${Math.round(Number(RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)} MiB`
  );
  print(runtime, step.name, `${longest} ms`, `${ms} ms`, rss!, peak!, String(reply ?? ""));
}

function stepOf(name: string): Step {
  const before = preparations[name];
  return {
    name,
    async before(url) {
      if (before !== undefined) await ask(url, before.join("\r\n"), before.length);
    },
    async run(url) {
      try {
        using client = await RawClient.hello(url);
        for (const piece of attacks[name]!()) client.write(piece);
        return (await client.exchange("\r\n", 1))[0]!.slice(0, 40);
      } catch (error) {
        if (!(error instanceof ConnectionGone)) throw error;
        return "(the connection ended)";
      }
    },
  };
}

async function attack(runtime: RuntimeName): Promise<void> {
  for (const name of Object.keys(attacks)) {
    const server = await startServer(runtime, "-", MAX_LINE);
    await measure(server, stepOf(name)).catch((error) => print(runtime, name, String(error)));
    await server.program.kill();
  }
}

async function load(runtime: RuntimeName, jobs: number, folder?: string): Promise<void> {
  const data = folder === undefined ? "-" : `${folder}/${runtime}`;
  let server = await startServer(runtime, data);
  for (const step of stepsOf(jobs)) {
    if (step.name.startsWith("INFO,") && data !== "-") {
      await server.program.kill();
      const start = performance.now();
      server = await startServer(runtime, data);
      await ask(server.url, "INFO", 2);
      print(runtime, "start after a kill", "", `${Math.round(performance.now() - start)} ms`);
    }
    await measure(server, step);
  }
  await server.program.kill();
}

const flags = textFlags("runtimes", "jobs", "data");

await runMain({ help, flags, maxArguments: 1 }, async (values, [what]) => {
  if (what !== "attacks" && what !== "load") {
    throw new UsageError("Cannot measure as the first argument is not attacks or load: see --help");
  }
  const runtimes = list("--runtimes", values.runtimes, RUNTIMES);
  const jobs = integer("--jobs", values.jobs) ?? JOBS;
  print("runtime", "step", "longest wait", "took", "memory", "most memory", "reply");
  for (const runtime of runtimes) {
    if (what === "attacks") await attack(runtime);
    else await load(runtime, jobs, values.data);
  }
});
