import { type Clock, systemClock } from "../../src/internal/clock.ts";
import type { FaktoryServer } from "../../src/server/mod.ts";
import { RawClient } from "../../tests/contract/raw_client.ts";

/**
 * A clock that starts a week behind, so that a server can create a week's history within seconds.
 */
export class LateClock implements Clock {
  #behindMs = 7 * 86_400_000;

  now(): number {
    return systemClock.now() - this.#behindMs;
  }

  after(ms: number, callback: () => void): () => void {
    return systemClock.after(ms, callback);
  }

  /** Moves it forward, at most to the machine's time. Returns true if it is still behind. */
  advance(ms: number): boolean {
    this.#behindMs = Math.max(0, this.#behindMs - ms);
    return this.#behindMs > 0;
  }

  /** Its delay, in milliseconds. */
  get behindMs(): number {
    return this.#behindMs;
  }
}

/** Runs the jobs of a week, more by day than by night. Some fail. */
export async function makeHistory(server: FaktoryServer, clock: LateClock): Promise<void> {
  const client = await RawClient.hello(server.url);
  let step = 0;
  do {
    const hours = clock.now() / 3_600_000;
    const swing = clock.behindMs > 3_600_000
      ? 1 + Math.sin((hours / 24) * 2 * Math.PI)
      : 1 + Math.sin(hours * 9) / 2;
    const jobs = Math.round(9 + 18 * swing + 6 * Math.sin(step * 1.7) * Math.sin(step / 5));
    await runJobs(client, jobs, step % 9 === 0 ? 4 : 0);
    server.history();
    step++;
  } while (clock.advance(clock.behindMs > 3_600_000 ? 600_000 : 10_000));
  client.close();
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
