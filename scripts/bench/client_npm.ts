/** The npm package `faktory-worker` at work, until it is measured: `client_npm.ts WORKLOAD URL MS`. */

import process from "node:process";
import module from "faktory-worker";
import { measure } from "./measure.ts";

// The package is CommonJS whose types speak of a default that its code is itself.
const faktory = module as unknown as typeof module.default;

const CONCURRENCY = 100;

async function main([workload, url = "", ms]: string[]): Promise<void> {
  let jobs = 0;
  if (workload === "enqueue") {
    const client = await faktory.connect({ url });
    for (let i = 0; i < CONCURRENCY; i++) {
      void (async () => {
        while (true) {
          await client.job("bench", 1, "two").push();
          jobs++;
        }
      })();
    }
  } else {
    faktory.register("bench", async () => {
      await undefined;
      jobs++;
    });
    await faktory.work({ url, concurrency: CONCURRENCY });
  }
  await measure(() => jobs, Number(ms));
  process.exit(0);
}

void main(process.argv.slice(2));
