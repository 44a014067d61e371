/** `deno task survival`: kills job servers under load, and counts what survives. See `--help`. */

import { numbers } from "../../tests/faults/numbers.ts";
import { inTempFolder } from "../tools.ts";
import { Ledger } from "../ledger.ts";
import { integer, runMain } from "../usage.ts";
import { type System, systems } from "./systems.ts";

const KILLS = 5;
/** More jobs than a load enqueues in the longest life. */
const MAX_JOBS = 1 << 20;
const MIN_LIFE_MS = 5000;
const MAX_LIFE_MS = 90_000;

const help = `deno task survival [KILLS] [SEED]

Kills job servers under load with SIGKILL, each KILLS times (${KILLS}), and prints a Markdown table
of the jobs that survive. SEED determines the times, between ${MIN_LIFE_MS / 1000} and ${
  MAX_LIFE_MS / 1000
} seconds after the start.
FAKTORY_PROGRAM is the path of a Faktory 1.10; BullMQ comes from npm, redis-server and redis-cli
from the system. A server that cannot be started here is skipped.

  --help              prints this`;

/** Jobs of one life of a server. */
interface Survival {
  readonly enqueued: number;
  readonly completed: number;
  /** Confirmed jobs that were never completed, and that the restarted server does not have. */
  readonly lost: number;
  /** Jobs that the restarted server has although their completion was confirmed. */
  readonly again: number;
}

await runMain({ help, maxArguments: 2 }, async (_values, args) => {
  const kills = integer("KILLS", args[0]) ?? KILLS;
  const seed = integer("SEED", args[1]) ?? Date.now() % 1_000_000;
  console.error(`${kills} kills, seed ${seed}`);
  const random = numbers(seed);
  // Every system is killed after the same times.
  const lives = Array.from(
    { length: kills },
    () => MIN_LIFE_MS + random() * (MAX_LIFE_MS - MIN_LIFE_MS),
  );
  console.log("| server | settings | kills | enqueued | completed | lost | came back |");
  console.log("| --- | --- | --: | --: | --: | --: | --: |");
  for (const system of systems) {
    const fault = await system.fault();
    if (fault === undefined) console.log(await rowOf(system, lives));
    else console.error(`skipped ${system.title}: ${fault}`);
  }
});

async function rowOf(system: System, lives: readonly number[]): Promise<string> {
  const sums = { enqueued: 0, completed: 0, lost: 0, again: 0 };
  for (const life of lives) {
    const survival = await inTempFolder((folder) => survivalOf(system, folder, life));
    console.error(`${system.title}, after ${Math.round(life)} ms:`, JSON.stringify(survival));
    for (const name of Object.keys(sums) as (keyof Survival)[]) sums[name] += survival[name];
  }
  const figures = [lives.length, sums.enqueued, sums.completed, sums.lost, sums.again];
  const texts = figures.map((figure) => figure.toLocaleString("en-US"));
  return `| ${[system.title, system.settings, ...texts].join(" | ")} |`;
}

async function survivalOf(system: System, folder: string, life: number): Promise<Survival> {
  const ledger = new Ledger(MAX_JOBS);
  const server = await system.start(folder);
  let killing: Promise<void> | undefined;
  const kill = () => killing ??= server.kill();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const confirmed = () => timer ??= setTimeout(() => void kill(), life);
  try {
    await server.load(ledger, confirmed);
  } finally {
    clearTimeout(timer);
    await kill();
  }
  const { lost, again } = ledger.compare(await system.jobs(folder));
  return { enqueued: ledger.confirmed, completed: ledger.done, lost, again };
}
