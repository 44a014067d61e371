import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runtime } from "../../src/internal/environment.ts";
import { randomOf } from "../soak/faults.ts";
import { Ledger } from "../ledger.ts";
import { jobsOf } from "./inspect.ts";

import { loadServer } from "./load.ts";

/** One kill in this many happens while the server starts. */
const EARLY = 5;

/** Longest life of a server, in ms. */
const MAX_LIFE_MS = 10_000;

/** Upper limit of the jobs enqueued between two kills. */
const MAX_JOBS = 1 << 16;

/** Options of {@linkcode crashLoop}. */
export interface CrashOptions {
  readonly kills: number;
  readonly seed: number;
  /** Called after each kill. */
  readonly killed?: (kill: number, ledger: Ledger) => void;
}

/**
 * Kills a server under load repeatedly, at different moments, and compares its jobs with its
 * confirmations.
 */
export async function crashLoop({ kills, seed, killed }: CrashOptions): Promise<Ledger> {
  const folder = await mkdtemp(join(tmpdir(), "crash-"));
  const data = join(folder, "jobs.db");
  const ledger = new Ledger(kills * MAX_JOBS);
  const random = randomOf(seed);
  try {
    for (let kill = 1; kill <= kills; kill++) {
      const server = startServer(data);
      if (kill % EARLY === 0) await killEarly(server, random() * 400);
      else await killUnderLoad(server, { ledger, random });
      if (existsSync(data)) ledger.compare(await jobsOf(data));
      killed?.(kill, ledger);
    }
    return ledger;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function startServer(data: string): ChildProcess {
  const flags = {
    deno: ["run", "-A", "--no-check"],
    bun: [],
    node: ["--import", "tsx"],
    workerd: [],
  };
  const program = fileURLToPath(new URL("./server.ts", import.meta.url));
  return spawn(process.execPath, [...flags[runtime() ?? "node"], program, data], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

async function killUnderLoad(
  server: ChildProcess,
  { ledger, random }: { ledger: Ledger; random: () => number },
): Promise<void> {
  const exited = once(server, "exit");
  const [port] = await Promise.race([once(server.stdout!, "data"), exited]);
  if (server.exitCode !== null) throw new Error(`the server exited with ${server.exitCode}`);
  let left = 1 + Math.floor(random() * 1500);
  const load = {
    port: Number(String(port)),
    ledger,
    random,
    open: 0,
    confirmed: (count: number) => {
      if (left > 0 && (left -= count) <= 0) server.kill("SIGKILL");
    },
  };
  const timer = setTimeout(() => server.kill("SIGKILL"), MAX_LIFE_MS);
  await loadServer(load, { producers: 2, consumers: 8 });
  await exited;
  clearTimeout(timer);
}

async function killEarly(server: ChildProcess, ms: number): Promise<void> {
  const exited = once(server, "exit");
  const timer = setTimeout(() => server.kill("SIGKILL"), ms);
  await exited;
  clearTimeout(timer);
}
