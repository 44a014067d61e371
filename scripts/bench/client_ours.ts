/** This package at work, until it is measured: `client_ours.ts WORKLOAD URL MS`. */

import process from "node:process";
import { Consumer, Producer } from "../../mod.ts";
import { measure } from "./measure.ts";

const CONCURRENCY = 100;

async function main([workload, url = "", ms]: string[]): Promise<void> {
  let jobs = 0;
  if (workload === "enqueue") {
    const producer = await Producer.connect({ url });
    for (let i = 0; i < CONCURRENCY; i++) {
      void (async () => {
        while (true) {
          await producer.enqueue("bench", [1, "two"]);
          jobs++;
        }
      })();
    }
  } else {
    const consumer = new Consumer({ url, concurrency: CONCURRENCY });
    consumer.register("bench", async () => {
      await undefined;
      jobs++;
    });
    void consumer.run();
  }
  await measure(() => jobs, Number(ms));
  process.exit(0);
}

void main(process.argv.slice(2));
