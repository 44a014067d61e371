/**
 * `deno task survival [KILLS] [SEED]`: kills job servers under load with SIGKILL, each KILLS times
 * (5) after 5 to 90 seconds, and prints a Markdown table of what survives. FAKTORY_PROGRAM is the
 * path of a Faktory 1.10; BullMQ comes from npm, `redis-server` and `redis-cli` from the system.
 */

import { numbers } from "../../tests/faults/numbers.ts";
import { inTempFolder } from "../tools.ts";
import { Ledger } from "../ledger.ts";
import { type System, systems } from "./systems.ts";

const [kills = "5", seed = `${Date.now() % 1_000_000}`] = Deno.args;
/** More jobs than a load enqueues in the longest life. */
const MAX_JOBS = 1 << 20;
const MIN_LIFE_MS = 5000;
const MAX_LIFE_MS = 90_000;

/** Jobs of one life of a server. */
interface Survival {
  readonly enqueued: number;
  readonly completed: number;
  /** Confirmed jobs that were never completed, and that the restarted server does not have. */
  readonly lost: number;
  /** Jobs that the restarted server has although their completion was confirmed. */
  readonly again: number;
}

console.error(`${kills} kills, seed ${seed}`);
const random = numbers(Number(seed));
/** Every system is killed after the same times. */
const lives = Array.from(
  { length: Number(kills) },
  () => MIN_LIFE_MS + random() * (MAX_LIFE_MS - MIN_LIFE_MS),
);

console.log("| server | settings | kills | enqueued | completed | lost | came back |");
console.log("| --- | --- | --: | --: | --: | --: | --: |");
for (const system of systems) {
  const fault = await system.fault();
  if (fault === undefined) console.log(await rowOf(system));
  else console.error(`skipped ${system.title}: ${fault}`);
}

async function rowOf(system: System): Promise<string> {
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
