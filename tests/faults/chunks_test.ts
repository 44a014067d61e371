import assert from "node:assert/strict";
import { test } from "node:test";
import { type Consumer, Producer } from "../../mod.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import { everyDeath, MOMENTS, Mortal, requeueAll, workUntilDeath } from "./mortal.ts";

const JOBS = 7;

/** Results of a handler's call. */
const ENDS = ["succeeds", "throws", "fails one job", "stops its consumer"] as const;

/** Bun's default is five seconds, which is too short for a busy machine. */
const LONG = { timeout: 120_000 };

for (const end of ENDS) {
  test(`no job of a chunk is lost if its worker dies anywhere and it ${end}`, LONG, async () => {
    await using server = await MemoryServer.start({ fetchWaitMs: 20 });
    await using producer = await Producer.connect({ url: server.url, transport: server.transport });
    const runs: Promise<unknown>[] = [];
    let queues = 0;
    const deaths = await everyDeath(
      end === ENDS[0] ? MOMENTS : ["unsent"],
      async (mortal, hint) => {
        const queue = `q${queues++}`;
        const jobs = Array.from({ length: JOBS }, (_, i) => ({
          ...{ type: "index", args: [i], queue, retry: 1000, jid: `chunk-${queue}-${i}` },
        }));
        await producer.enqueueMany(jobs);
        const indexed = new Set<number>();
        const work = async (program: Mortal, end: typeof ENDS[number]) => {
          const register = (consumer: Consumer) =>
            void consumer.registerMany<[number]>(
              "index",
              { size: 3, waitMs: 1 },
              (jobs, { fail }) => {
                if (end === "throws") throw new Error("the database is gone");
                for (const [i, job] of jobs.entries()) {
                  if (end === "fails one job" && i === 0) fail(job, new Error("refused"));
                  else indexed.add(job.args[0]);
                }
                if (end === "stops its consumer") void consumer.stop();
              },
            );
          const { ended } = await workUntilDeath({
            server,
            queue,
            program,
            concurrency: 4,
            register,
          });
          runs.push(ended);
        };
        await work(mortal, end);
        await requeueAll(producer, jobs.map(({ jid }) => jid));
        if (server.snapshot().queues[queue] !== 0) await work(new Mortal(Infinity), "succeeds");
        assert.equal(indexed.size, JOBS, `${hint}: ${[...indexed]}`);
      },
    );
    await Promise.all(runs);
    console.log(`${deaths} places to die`);
    assert(deaths > 5, `${deaths} places to die`);
  });
}
