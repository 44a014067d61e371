import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Producer, resumable } from "../../mod.ts";
import { startQuick } from "../server/quick.ts";
import { DyingTransport } from "./dying.ts";
import { randomFrom } from "../properties.ts";

const STEPS = 6;
const RUNS = 40;

test("no step of a resumable job is skipped, wherever its workers stop, fail or die", async () => {
  await using server = await startQuick();
  await using producer = await Producer.connect({ url: server.url });
  const next = randomFrom(1);
  const pick = (count: number) => Math.floor(next() * count);
  let crashes = 0;
  /** Nobody waits for a dead worker, but for its timers at the end. */
  const dead: Promise<unknown>[] = [];
  for (let run = 0; run < RUNS; run++) {
    const queue = `q${run}`;
    const jid = await producer.enqueue("export", [], { queue, retry: 1000 });
    const steps: number[] = [];
    for (let tries = 0; server.snapshot().queues[queue] !== 0; tries++) {
      assert(tries < 100, "the job never ends");
      const transport = new DyingTransport(pick(4));
      const [stopAt, failAt] = [pick(STEPS * 2), pick(STEPS * 2)];
      const consumer = new Consumer({
        ...{ url: server.url, queues: [queue], concurrency: 1, transport },
        reconnect: { initialMs: 1, maxMs: 1 },
      });
      consumer.register(
        "export",
        resumable<[], number>(async function* (_job, { cursor = 0 }) {
          for (let step = cursor; step < STEPS; step++) {
            if (step === stopAt) void consumer.stop();
            if (step === failAt) throw new Error("a bad page");
            await Promise.resolve();
            steps.push(step);
            yield step + 1;
          }
        }),
      );
      consumer.on("disconnect", () => void consumer.stop({ graceMs: 0 }));
      const ended = consumer.run({ maxJobs: 1 }).catch(() => {});
      dead.push(ended);
      await Promise.race([ended, transport.died.promise]);
      if (transport.isDown) {
        crashes++;
        // As if its reservation had ended.
        await producer.command("FAIL", JSON.stringify({ jid, errtype: "ReservationExpired" }))
          .catch(() => {});
      }
      for (const set of [producer.sets.scheduled, producer.sets.retries]) {
        await set.requeue({ jids: [jid] });
      }
    }
    // Each step begins where one before it was done, and the last one is done.
    let done = 0;
    for (const step of steps) {
      assert(step <= done, `step ${step} after ${done} of ${steps}`);
      done = Math.max(done, step + 1);
    }
    assert.equal(done, STEPS, `${steps}`);
  }
  await Promise.all(dead);
  assert(crashes > RUNS / 2, `${crashes} crashes`);
  console.log(`${RUNS} jobs, ${crashes} crashes`);
});
