import assert from "node:assert/strict";
import { test } from "node:test";
import { type Consumer, Producer, resumable } from "../../mod.ts";
import { systemClock } from "../../src/internal/clock.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import { everyDeath, MOMENTS, Mortal, requeueAll, workUntilDeath } from "./mortal.ts";

const STEPS = 6;
const HOP_MS = 3_600_000;

/** Event at the fourth step. */
const EVENTS = ["nothing", "an error", "a stop", "a hop"] as const;

/** Bun's default is five seconds, which is too short for a busy machine. */
const LONG = { timeout: 120_000 };

for (const event of EVENTS) {
  test(
    `no step of a resumable job is skipped if its worker dies anywhere: ${event}`,
    LONG,
    async () => {
      await using server = await MemoryServer.start({ fetchWaitMs: 20 });
      await using producer = await Producer.connect({
        url: server.url,
        transport: server.transport,
      });
      const runs: Promise<unknown>[] = [];
      let jobs = 0;
      let aheadMs = 0;
      const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
      const deaths = await everyDeath(MOMENTS, async (mortal, hint) => {
        const queue = `q${jobs++}`;
        const jid = await producer.enqueue("export", [], { queue, retry: 1000 });
        const steps: number[] = [];
        let isFirst = true;
        const work = async (program: Mortal) => {
          const register = (consumer: Consumer) =>
            void consumer.register(
              "export",
              resumable<[], number>(async function* (_job, { cursor = 0 }) {
                for (let step = cursor; step < STEPS; step++) {
                  if (step === 3 && isFirst) {
                    isFirst = false;
                    if (event === "a hop") aheadMs += HOP_MS;
                    if (event === "a stop") void consumer.stop();
                    if (event === "an error") throw new Error("a bad page");
                  }
                  await Promise.resolve();
                  steps.push(step);
                  yield step + 1;
                }
              }),
            );
          const { ended } = await workUntilDeath({
            server,
            queue,
            program,
            concurrency: 1,
            ...{ clock, register },
          });
          runs.push(ended);
        };
        for (let program = mortal; server.snapshot().queues[queue] !== 0;) {
          await work(program);
          await requeueAll(producer, [jid]);
          program = new Mortal(Infinity);
        }
        // Each step follows one that was done, and the last one is done.
        let done = 0;
        for (const step of steps) {
          assert(step <= done, `${hint}: step ${step} after ${done} of ${steps}`);
          done = Math.max(done, step + 1);
        }
        assert.equal(done, STEPS, `${hint}: ${steps}`);
      });
      await Promise.all(runs);
      assert(deaths > 5, `${deaths} places to die`);
      console.log(`${deaths} places to die`);
    },
  );
}
