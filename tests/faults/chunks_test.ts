import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Producer } from "../../mod.ts";
import { randomFrom } from "../properties.ts";
import { startQuick } from "../server/quick.ts";
import { DyingTransport } from "./dying.ts";

const JOBS = 7;
const RUNS = 25;

test("no job of a chunk is lost, wherever its workers fail, stop or die", async () => {
  await using server = await startQuick();
  await using producer = await Producer.connect({ url: server.url });
  const next = randomFrom(1);
  const pick = (count: number) => Math.floor(next() * count);
  let crashes = 0;
  const dead: Promise<unknown>[] = [];
  for (let run = 0; run < RUNS; run++) {
    const queue = `q${run}`;
    const jobs = Array.from({ length: JOBS }, (_, i) => ({
      ...{ type: "index", args: [i], queue, retry: 1000, jid: `chunk-${run}-${i}` },
    }));
    await producer.enqueueMany(jobs);
    const indexed = new Set<number>();
    for (let tries = 0; server.snapshot().queues[queue] !== 0; tries++) {
      assert(tries < 100, "the jobs never end");
      const transport = new DyingTransport(pick(5));
      const consumer = new Consumer({
        ...{ url: server.url, queues: [queue], concurrency: 4, transport },
        reconnect: { initialMs: 1, maxMs: 1 },
      });
      const bad = pick(4);
      consumer.registerMany<[number]>("index", { size: 3, waitMs: 1 }, (jobs, { fail }) => {
        if (bad === 1) throw new Error("the database is gone");
        for (const [i, job] of jobs.entries()) {
          if (bad === 2 && i === 0) fail(job, new Error("refused"));
          else indexed.add(job.args[0]);
        }
        if (bad === 3) void consumer.stop();
      });
      consumer.on("disconnect", () => void consumer.stop({ graceMs: 0 }));
      const maxJobs = server.snapshot().queues[queue]!;
      const ended = consumer.run({ maxJobs }).catch(() => {});
      dead.push(ended);
      await Promise.race([ended, transport.died.promise]);
      if (transport.isDown) crashes++;
      for (const { jid } of jobs) {
        // As if their reservations had ended; those that nobody has are refused.
        await producer.command("FAIL", JSON.stringify({ jid, errtype: "ReservationExpired" }))
          .catch(() => {});
      }
      await producer.sets.retries.requeue({ jids: jobs.map(({ jid }) => jid) });
    }
    assert.equal(indexed.size, JOBS, `${[...indexed]}`);
  }
  await Promise.all(dead);
  assert(crashes > RUNS / 2, `${crashes} crashes`);
  console.log(`${RUNS * JOBS} jobs, ${crashes} crashes`);
});
