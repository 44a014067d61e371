import { existsSync } from "node:fs";
import { numbers } from "../../tests/faults/numbers.ts";
import { Ledger } from "../ledger.ts";
import { commandOf, Program } from "../program.ts";
import { inTempFolder } from "../tools.ts";
import { jobsOf } from "./inspect.ts";
import { loadServer } from "./load.ts";

/** One kill in this many happens while the server starts. */
const EARLY = 5;

/** Longest life of a server, in ms. */
const MAX_LIFE_MS = 10_000;

/** Upper limit of the jobs enqueued between two kills. */
const MAX_JOBS = 1 << 16;

interface CrashOptions {
  readonly kills: number;
  readonly seed: number;
  /** Called after each kill. */
  readonly killed?: (kill: number, ledger: Ledger) => void;
}

/**
 * Kills a server under load repeatedly, at different moments, and compares its jobs with its
 * confirmations.
 */
export function crashLoop({ kills, seed, killed }: CrashOptions): Promise<Ledger> {
  const ledger = new Ledger(kills * MAX_JOBS);
  const random = numbers(seed);
  return inTempFolder(async (folder) => {
    const data = `${folder}/jobs.db`;
    for (let kill = 1; kill <= kills; kill++) {
      const server = new Program([...commandOf("scripts/embedded_server.ts"), data]);
      if (kill % EARLY > 0) await killUnderLoad(server, ledger, random);
      else await new Promise((resolve) => setTimeout(resolve, random() * 400));
      await server.kill();
      if (existsSync(data)) ledger.compare(await jobsOf(data));
      killed?.(kill, ledger);
    }
    return ledger;
  });
}

async function killUnderLoad(server: Program, ledger: Ledger, random: () => number): Promise<void> {
  const url = await server.line(/^tcp:/);
  let left = 1 + Math.floor(random() * 1500);
  const timer = setTimeout(() => void server.kill(), MAX_LIFE_MS);
  const confirmed = (count: number) => {
    if (left > 0 && (left -= count) <= 0) void server.kill();
  };
  await loadServer({ url, ledger, random, confirmed, open: 0 }, 2, 8);
  clearTimeout(timer);
}
