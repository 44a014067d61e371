import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, type Job, type Report } from "../../mod.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { start } from "./setting.ts";

/** Total number of stops, and of consumers that are stopped together. */
const STOPS = 200;
const TOGETHER = 10;

/** Returns a repeatable random generator: a number from 0 to below `max`. */
function numbers(seed: number): (max: number) => number {
  let state = seed;
  return (max) => (state = state * 48271 % 2147483647) % max;
}

function turn(): Promise<void> {
  // Not setImmediate, as Deno may run a hundred of those before it polls its sockets.
  return new Promise((resolve) => setTimeout(resolve, 0));
}

test("200 stops at random moments under load leave no job reserved, and none is lost", async () => {
  const seed = 20_261_125;
  const random = numbers(seed);
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  const retryOf = new Map<string, number>();
  const done = new Set<string>();
  const counts = { enqueued: 0, done: 0, failed: 0, unfinished: 0, aborted: 0 };

  /** Takes up to five times the longest grace, obeys its signal or not, and fails now and then. */
  function work(job: Job, signal: AbortSignal): Promise<void> {
    const ms = random(4) === 0 ? 0 : random(500);
    const [heeds, fails] = [random(2) === 0, random(10) === 0];
    return new Promise((resolve, reject) => {
      const cancel = clock.after(ms, () => {
        if (fails) return reject(new Error("now and then"));
        done.add(job.jid);
        resolve();
      });
      if (!heeds) return;
      signal.addEventListener("abort", () => {
        cancel();
        counts.aborted++;
        reject(signal.reason);
      });
    });
  }

  function consumerOf(): Consumer {
    const consumer = new Consumer({
      url: server.url,
      concurrency: 1 + random(12),
      queues: ["a", "b"],
      clock,
      limits: random(3) === 0 ? { queues: { a: { concurrency: 2 } } } : undefined,
    });
    consumer.register("work", (job, { signal }) => work(job, signal));
    return consumer;
  }

  async function pour(count: number): Promise<void> {
    const jobs = Array.from({ length: count }, () => ({
      type: "work",
      queue: random(2) === 0 ? "a" : "b",
      retry: [25, 25, 0, -1][random(4)]!,
    }));
    const { enqueued } = await producer.enqueueMany(jobs);
    enqueued.forEach((jid, i) => retryOf.set(jid, jobs[i]!.retry));
    counts.enqueued += count;
  }

  function take(report: Report): void {
    counts.done += report.done;
    counts.failed += report.failed;
    counts.unfinished += report.unfinished.length;
    assert.equal(report.reason, "stopped");
  }

  for (let stops = 0; stops < STOPS; stops += TOGETHER) {
    const consumers = Array.from({ length: TOGETHER }, consumerOf);
    const runs = consumers.map((consumer) => consumer.run());
    // All have to connect first, as the server's clock moves from then on.
    while (consumers.some(({ state }) => state !== "running")) await turn();
    const stopping: Promise<void>[] = [];
    while (stopping.length < TOGETHER) {
      if (random(2) === 0) await pour(random(15));
      clock.advance(random(60));
      await turn();
      if (random(4) !== 0) continue;
      const consumer = consumers[stopping.length]!;
      stopping.push(consumer.stop({ graceMs: random(3) === 0 ? 0 : random(150) }));
      // Some are stopped twice.
      if (random(8) === 0) void consumer.stop();
    }
    let ended = 0;
    for (const run of runs) void run.then(() => ended++);
    for (let turns = 0; ended < TOGETHER; turns++) {
      if (turns < 20) await pour(random(3));
      clock.advance(20);
      await turn();
    }
    for (const run of runs) take(await run);
    assert.equal(server.snapshot().working, 0, `seed ${seed}, after ${stops + TOGETHER} stops`);
  }

  // The remaining jobs are in a queue, scheduled, among the retries, or dead. This runs all of
  // them.
  await producer.sets.scheduled.requeue({ all: true });
  await producer.sets.retries.requeue({ all: true });
  await producer.sets.dead.requeue({ all: true });
  const left = new Set<string>();
  const last = new Consumer({ url: server.url, queues: ["a", "b"], concurrency: 50, clock });
  last.register("work", (job) => void left.add(job.jid));
  let isOver = false;
  const finish = last.runToCompletion().finally(() => isOver = true);
  while (!isOver) {
    if (last.state === "running" || last.state === "stopping") clock.advance(20);
    await turn();
  }
  await finish;
  const lost = [...retryOf].filter(([jid]) => !done.has(jid) && !left.has(jid));
  // A job without retries that failed, or was aborted, is gone as expected.
  assert.deepEqual(lost.filter(([, retry]) => retry !== 0), []);
  assert(lost.length <= counts.failed + counts.unfinished);
  assert.equal(server.snapshot().working, 0);
  assert.deepEqual(server.snapshot().queues, { a: 0, b: 0 });
  const reported = counts.done + counts.failed + counts.unfinished;
  console.log(`${STOPS} stops`, { ...counts, reported, left: left.size, gone: lost.length });
  assert(counts.unfinished > 50 && counts.aborted > 50 && counts.failed > 20, "too tame a test");
});
