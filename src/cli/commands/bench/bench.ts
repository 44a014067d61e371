import type { Command } from "commander";
import { runtime } from "../../../internal/environment.ts";
import type { CommandDefinition, Invocation } from "../../command.ts";
import { addConnectionFlags, type ConnectionFlags, type Server, serverOf } from "../../connect.ts";
import { CliError } from "../../failure.ts";
import { integer } from "../../parse.ts";
import { Status } from "../../status.ts";
import { tableOf } from "../../table.ts";
import { formatCount, formatInteger, printable } from "../../text.ts";
import { type BenchResult, measure } from "./measure.ts";
import { Progress } from "./progress.ts";

interface BenchFlags extends ConnectionFlags {
  readonly jobs?: number;
  readonly concurrency?: number;
}

/** `faktory bench`: measures jobs per second. */
export const bench: CommandDefinition<BenchFlags> = {
  name: "bench",
  summary: "Measures how many jobs per second a server handles",
  details:
    "Without --url it measures an embedded server in this process and ignores FAKTORY_URL, so " +
    "that no server is put under load by accident. On a server named by --url it uses a new " +
    "queue and removes it at the end, also after Ctrl+C. The server's totals keep counting the " +
    "jobs.",
  examples: [
    ["bench", "the embedded server, 20,000 jobs per step"],
    ["bench --url tcp://localhost:7419 --jobs 100000", "another server, 100,000 jobs per step"],
    [
      "bench --concurrency 1 --json | jq .roundTrip.p99Ms",
      "one job at a time, output for a program",
    ],
  ],
  configure(command: Command): void {
    command
      .option("--jobs <number>", "jobs per step (default: 20000)", integer(1, 10_000_000))
      .option(
        "--concurrency <number>",
        "jobs enqueued or run at the same time (default: 20)",
        integer(1, 10_000),
      );
    addConnectionFlags(command, "the server (default: an embedded one)");
  },
  run,
};

async function run({ flags, io, output }: Invocation<BenchFlags>): Promise<void> {
  const { jobs = 20_000, concurrency = 20 } = flags;
  await withTarget(flags, io, async ({ url, options }) => {
    const progress = new Progress(io);
    let result: BenchResult;
    try {
      result = await measure({
        options,
        jobs,
        concurrency,
        signal: io.signal,
        progress: (step, done, total) => progress.show(step, done, total),
      }, (queue) => {
        progress.clear();
        output.warn(`Cannot remove the queue ${queue}: remove it when the server is back`);
      });
    } finally {
      progress.clear();
    }
    const isEmbedded = flags.url === undefined;
    output.print(
      { url, embedded: isEmbedded, runtime: runtime(), jobs, concurrency, ...result },
      () => {
        const where = isEmbedded ? "embedded in this process" : `at ${url}`;
        const title = printable(`${result.server} ${where}`);
        return [
          output.strong(
            `${title}: ${formatCount(jobs, "job")} per step, ${
              formatInteger(concurrency)
            } at a time`,
          ),
          "",
          tables(result),
        ].join("\n");
      },
    );
  });
}

/**
 * Passes the server of `--url` to `use`, otherwise an embedded server that runs as long as `use`.
 */
async function withTarget(
  flags: BenchFlags,
  io: Invocation["io"],
  use: (server: Server) => Promise<void>,
): Promise<void> {
  if (flags.url !== undefined) return await use(await serverOf(flags, io));
  for (const name of ["password", "ca", "cert", "key", "insecure"] as const) {
    if (flags[name] === undefined) continue;
    throw new CliError(
      Status.usage,
      `Cannot use --${name} without --url`,
      "add --url, or leave it out",
    );
  }
  // Loaded here to keep other commands fast.
  const { FaktoryServer } = await import("../../../server/mod.ts");
  const server = await FaktoryServer.start({ port: 0 });
  try {
    // The environment variables describe another server.
    const { url, options } = await serverOf({ ...flags, url: server.url }, { ...io, env: {} });
    await use({ url, options });
  } finally {
    await server.close();
  }
}

function tables({ enqueue, enqueueMany, run, roundTrip }: BenchResult): string {
  const { count: trips, p50Ms, p99Ms } = roundTrip;
  const rows =
    ([["enqueue", enqueue], ["enqueueMany", enqueueMany], ["fetch, run, ACK", run]] as const)
      .map(([name, { jobs, jobsPerSecond }]) => [name, jobs, Math.round(jobsPerSecond)]);
  return [
    tableOf(["step", "jobs", "jobs/s"], rows),
    "",
    `round trip of an enqueue: p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms ` +
    `(${formatInteger(trips)}, one after another)`,
  ].join("\n");
}
