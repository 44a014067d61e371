/**
 * `deno task crash`: kills a durable server under load repeatedly, and compares its jobs with its
 * confirmations. See `--help`.
 */

import type { Ledger } from "../ledger.ts";
import { integer, runMain, textFlags } from "../usage.ts";
import { crashLoop } from "./loop.ts";

const KILLS = 100;

const help = `deno task crash [OPTION..]

Kills an embedded server with data under load, while it works and while it starts, and compares its
jobs with its confirmations after each kill. Exits with 1 if a job was lost or ran again.

  --kills N           number of kills; ${KILLS} if not given
  --seed N            repeats a run; random if not given
  --help              prints this`;

const flags = textFlags("kills", "seed");

await runMain({ help, flags }, async (values) => {
  const kills = integer("--kills", values.kills) ?? KILLS;
  const seed = integer("--seed", values.seed) ?? Date.now() % 1_000_000 + 1;
  console.log(`${kills} kills, seed ${seed}`);
  const start = performance.now();
  const figuresOf = ({ confirmed, done, violations }: Ledger) =>
    `${confirmed} jobs confirmed, ${done} ACKs confirmed, ${violations.length} violations`;
  const killed = (kill: number, ledger: Ledger) =>
    console.log(`kill ${kill}: ${figuresOf(ledger)}`);
  const ledger = await crashLoop({ kills, seed, killed });
  for (const violation of ledger.violations.slice(0, 20)) console.log(violation);
  const seconds = Math.round((performance.now() - start) / 1000);
  const isGood = ledger.violations.length === 0;
  const verdict = isGood ? "passed" : "FAILED";
  console.log(`${kills} kills in ${seconds} s: ${figuresOf(ledger)}: ${verdict}`);
  return isGood ? 0 : 1;
});
