/**
 * `deno task crash [KILLS] [SEED]`: kills a durable server under load, 100 times by default, and
 * compares its jobs with its confirmations. Exits with 1 if a job was lost or ran again.
 */

import process from "node:process";
import { crashLoop } from "./loop.ts";

const [kills = "100", seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);

async function main(): Promise<void> {
  console.log(`${kills} kills, seed ${seed}`);
  const start = performance.now();
  const ledger = await crashLoop({
    kills: Number(kills),
    seed: Number(seed),
    killed(kill, { confirmed, done, violations }) {
      console.log(
        `kill ${kill}: ${confirmed} enqueued, ${done} acknowledged, ` +
          `${violations.length} violations`,
      );
    },
  });
  const { confirmed, done, violations } = ledger;
  for (const violation of violations.slice(0, 20)) console.log(violation);
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(
    `${kills} kills in ${seconds} s: ${confirmed} jobs confirmed, ${done} ACKs ` +
      `confirmed, ${violations.length} violations: ${
        violations.length === 0 ? "passed" : "FAILED"
      }`,
  );
  process.exit(violations.length === 0 ? 0 : 1);
}

void main();
