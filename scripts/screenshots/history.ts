import { type Clock, systemClock } from "../../src/internal/clock.ts";
import type { FaktoryServer } from "../../src/server/mod.ts";
import { RawClient } from "../../tests/contract/raw_client.ts";

const HOUR_MS = 3_600_000;

/**
 * A clock that starts a week behind, so that a server can create a week's history within seconds.
 */
export class LateClock implements Clock {
  behindMs = 7 * 24 * HOUR_MS;

  now(): number {
    return systemClock.now() - this.behindMs;
  }

  after(ms: number, callback: () => void): () => void {
    return systemClock.after(ms, callback);
  }
}

/** Runs the jobs of a week, more by day than by night. Some fail. */
export async function makeHistory(server: FaktoryServer, clock: LateClock): Promise<void> {
  using client = await RawClient.hello(server.url);
  for (let step = 0; clock.behindMs > 0; step++) {
    const isLastHour = clock.behindMs <= HOUR_MS;
    const hours = clock.now() / HOUR_MS;
    const swing = isLastHour ? Math.sin(hours * 9) / 2 : Math.sin((hours / 24) * 2 * Math.PI);
    const jobs = Math.round(27 + 18 * swing + 6 * Math.sin(step * 1.7) * Math.sin(step / 5));
    await runJobs(client, jobs, step % 9 === 0 ? 4 : 0);
    server.history();
    clock.behindMs = Math.max(0, clock.behindMs - (isLastHour ? 10_000 : 600_000));
  }
}

/** Runs jobs without a worker that the page would show. */
export async function runJobs(client: RawClient, jobs: number, failing = 0): Promise<void> {
  for (let i = 0; i < jobs; i++) {
    const jid = crypto.randomUUID();
    const job = { jid, jobtype: "resize", args: [], queue: "past", retry: 0 };
    const result = i < failing ? `FAIL {"jid":"${jid}"}` : `ACK {"jid":"${jid}"}`;
    await client.exchange(`PUSH ${JSON.stringify(job)}\r\nFETCH past\r\n${result}\r\n`, 4);
  }
}
