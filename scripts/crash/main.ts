/**
 * `deno task crash`: kills a durable server under load repeatedly, and compares its jobs with its
 * confirmations. See `--help`.
 */

import { integer, runMain } from "../usage.ts";
import { crashLoop } from "./loop.ts";

const KILLS = 100;

const help = `deno task crash [OPTION..]

Kills an embedded server with data under load, while it works and while it starts, and compares its
jobs with its confirmations after each kill. Exits with 1 if a job was lost or ran again.

  --kills N           number of kills; ${KILLS} if not given
  --seed N            repeats a run; random if not given
  --help              prints this`;

const flags = { kills: { type: "string" }, seed: { type: "string" } } as const;

await runMain({ help, flags }, async (values) => {
  const kills = integer("--kills", values.kills) ?? KILLS;
  const seed = integer("--seed", values.seed) ?? Date.now() % 1_000_000 + 1;
  console.log(`${kills} kills, seed ${seed}`);
  const start = performance.now();
  const { confirmed, done, violations } = await crashLoop({
    kills,
    seed,
    killed(kill, { confirmed, done, violations }) {
      console.log(
        `kill ${kill}: ${confirmed} enqueued, ${done} acknowledged, ` +
          `${violations.length} violations`,
      );
    },
  });
  for (const violation of violations.slice(0, 20)) console.log(violation);
  const seconds = Math.round((performance.now() - start) / 1000);
  const isGood = violations.length === 0;
  console.log(
    `${kills} kills in ${seconds} s: ${confirmed} jobs confirmed, ${done} ACKs confirmed, ` +
      `${violations.length} violations: ${isGood ? "passed" : "FAILED"}`,
  );
  return isGood ? 0 : 1;
});
