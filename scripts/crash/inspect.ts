import { cp, rm } from "node:fs/promises";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";
import { RawClient } from "../../tests/contract/raw_client.ts";
import { numberOf } from "./load.ts";

/**
 * Returns the jobs that a server has after a crash. Starts another server on a copy of its data,
 * moves the clock until all reserved, failed and scheduled jobs are due, and fetches every job.
 */
export async function jobsOf(data: string): Promise<number[]> {
  const copy = `${data}.copy`;
  await cp(data, copy, { recursive: true });
  const clock = new ManualClock(Date.now());
  try {
    await using server = await FaktoryServer.start({ port: 0, data: copy, clock });
    using client = await RawClient.hello(server.url);
    // A reservation ends after half an hour; the job is then in the retry set.
    clock.advance(31 * 60_000);
    // Many jobs take several turns of the event loop and several looks at the clock.
    while (server.snapshot().working > 0) {
      await client.exchange("INFO\r\n", 2);
      clock.advance(15_000);
    }
    for (const target of ["scheduled", "retries"]) {
      await client.exchange(`MUTATE {"cmd":"requeue","target":"${target}"}\r\n`, 1);
    }
    const jobs: number[] = [];
    for (const [queue, size] of Object.entries(server.snapshot().queues)) {
      const lines = await client.exchange(`FETCH ${queue}\r\n`.repeat(size), 2 * size);
      for (let i = 1; i < lines.length; i += 2) jobs.push(numberOf(JSON.parse(lines[i]!).jid));
    }
    return jobs;
  } finally {
    await rm(copy, { recursive: true });
  }
}
