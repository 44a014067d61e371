import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Producer, type Report, Snooze } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import { turn, WallClock } from "../faults/wall_clock.ts";
import { jobReply, script } from "./scripted.ts";
import { pass, start, until } from "./setting.ts";

/** Starts an embedded server, and a consumer that shares its clock. */
async function setUp(concurrency: number) {
  const clock = new ManualClock(Date.now());
  const setting = await start(clock);
  const consumer = new Consumer({ url: setting.server.url, concurrency, clock });
  const jobs = (count: number) =>
    setting.producer.enqueueMany(
      Array.from({ length: count }, (_, i) => ({ type: "x", args: [i] })),
    );
  return { ...setting, clock, consumer, jobs };
}

for (const concurrency of [1, 3, 10]) {
  test(`maxJobs jobs are run, and no more are fetched: ${concurrency} at a time`, async () => {
    await using one = await setUp(concurrency);
    const { server, consumer, jobs } = one;
    await jobs(9);
    let runs = 0;
    consumer.register("x", async () => {
      runs++;
      await Promise.resolve();
    });
    const report = await consumer.run({ maxJobs: 5 });
    assert.deepEqual(report, {
      reason: "limit",
      done: 5,
      failed: 0,
      dead: 0,
      dropped: 0,
      unfinished: [],
      unreported: [],
    });
    const { queues, working, processed } = server.snapshot();
    assert.deepEqual([runs, queues["default"], working, processed], [5, 4, 0, 5]);
  });
}

test("jobs that fail, have no handler or are snoozed count, too", async () => {
  await using one = await setUp(1);
  const { producer, consumer } = one;
  await producer.enqueue("throws");
  await producer.enqueue("nobody's");
  await producer.enqueue("later");
  await producer.enqueue("left");
  consumer.register("throws", () => {
    throw new Error("no");
  });
  consumer.register("later", () => new Snooze(60));
  const { reason, done, failed } = await consumer.run({ maxJobs: 3 });
  assert.deepEqual([reason, done, failed], ["limit", 1, 2]);
  assert.deepEqual(one.server.snapshot().queues, { default: 1 });
});

test("it waits for all of maxJobs, and until they have ended", async () => {
  await using one = await setUp(3);
  const { consumer, producer, jobs, clock } = one;
  await jobs(1);
  const finish = deferred<void>();
  let runs = 0;
  consumer.register("x", () => {
    runs++;
    return finish.promise;
  });
  let isOver = false;
  const running = consumer.run({ maxJobs: 2 });
  void running.then(() => isOver = true);
  await until(() => runs === 1);
  // Longer than a FETCH waits, so empty queues do not end the run.
  for (let i = 0; i < 100; i++) {
    clock.advance(50);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.equal(isOver, false);
  await producer.enqueue("x");
  await producer.enqueue("x");
  await until(() => runs === 2);
  assert.equal(isOver, false);
  finish.resolve();
  assert.equal((await running).done, 2);
  assert.equal(one.server.snapshot().queues["default"], 1);
});

test("a job that is left to others does not count", async () => {
  await using one = await setUp(1);
  const { producer, clock } = one;
  await producer.enqueue("nobody's", [], { queue: "first" });
  await producer.enqueue("x", [], { queue: "second" });
  const consumer = new Consumer({
    url: one.server.url,
    concurrency: 1,
    queues: ["first", "second"],
    unregistered: "leave",
    clock,
  });
  let runs = 0;
  consumer.register("x", () => void runs++);
  const { done, failed } = await pass(clock, consumer, consumer.run({ maxJobs: 1 }));
  assert.deepEqual([runs, done, failed], [1, 1, 0]);
  assert.equal(one.server.snapshot().scheduled, 1);
});

test("maxMs ends a run like a stop: running jobs may end", async () => {
  const finish = deferred<void>();
  const { give, commands, fetch, clock, consumer, running } = await script({
    runOptions: { maxMs: 10_000 },
    setUp: (consumer) => consumer.register("x", () => finish.promise),
  });
  await give(jobReply("jid-jid-1"));
  await until(() => consumer.running.length === 1);
  clock.advance(9999);
  assert.equal(consumer.state, "running");
  clock.advance(1);
  assert.equal(consumer.state, "stopping");
  finish.resolve();
  await until(() => fetch.lines.at(-1) === "END");
  fetch.end();
  assert.deepEqual(await running, {
    reason: "time",
    done: 1,
    failed: 0,
    dead: 0,
    dropped: 0,
    unfinished: [],
    unreported: [],
  });
  assert.equal(commands.lines[1], `ACK {"jid":"jid-jid-1"}`);
  assert.equal(clock.pending, 0);
});

test("the first limit ends the run, and the other leaves no timer", async () => {
  await using one = await setUp(1);
  const { consumer, jobs, clock } = one;
  const timers = clock.pending;
  await jobs(2);
  consumer.register("x", () => {});
  assert.equal((await consumer.run({ maxJobs: 1, maxMs: 60_000 })).reason, "limit");
  assert.equal(clock.pending, timers);
  const { reason, done } = await pass(clock, consumer, consumer.run({ maxJobs: 5, maxMs: 3000 }));
  assert.deepEqual([reason, done], ["time", 1]);
  assert.equal(clock.pending, timers);
  assert.equal((await pass(clock, consumer, consumer.run({ maxMs: 1 }))).reason, "time");
});

test("invalid limits are refused before a connection is opened", async () => {
  const consumer = new Consumer({ url: "tcp://localhost:1" });
  const code = "INVALID_OPTION";
  for (const maxJobs of [0, -1, 1.5, NaN, Infinity, "1"]) {
    await assert.rejects(consumer.run({ maxJobs: maxJobs as number }), { code });
  }
  for (const maxMs of [0, -1, NaN, "1"]) {
    await assert.rejects(consumer.run({ maxMs: maxMs as number }), { code });
  }
  assert.equal(consumer.state, "idle");
});

test("runOne runs one job with any result, and returns whether there was one", async () => {
  await using one = await setUp(5);
  const { consumer, producer, clock, server } = one;
  assert.equal(await pass(clock, consumer, consumer.runOne()), false);
  const runs: string[] = [];
  consumer.register("done", (job) => void runs.push(job.type));
  consumer.register("throws", (job) => {
    runs.push(job.type);
    throw new Error("no");
  });
  consumer.register("later", (job) => {
    runs.push(job.type);
    throw new Snooze(60);
  });
  const types = ["throws", "later", "done"];
  for (const type of types) await producer.enqueue(type);
  for (const _ of types) assert.equal(await consumer.runOne(), true);
  assert.deepEqual(runs, types);
  await producer.enqueue("nobody's");
  assert.equal(await consumer.runOne(), true);
  assert.equal(server.snapshot().queues["default"], 0);
  assert.equal(await pass(clock, consumer, consumer.runOne()), false);
});

test("runOne also returns true if the reservation ended, or a stop returned the job", async () => {
  const { clock, give, wait, fetch, consumer, running } = await script({
    way: "runOne",
    setUp: (consumer) =>
      consumer.register(
        "x",
        (_job, { signal }) =>
          new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
      ),
  });
  await give(jobReply("jid-jid-1", { reserve_for: 60 }));
  await until(() => consumer.running.length === 1);
  await wait(60_000);
  await until(() => fetch.lines.at(-1) === "END");
  fetch.end();
  assert.equal(await running, true);
  assert.equal(clock.pending, 0);
  const stopped = await script({
    way: "runOne",
    setUp: (consumer) => consumer.register("x", () => assert.fail("it ran")),
  });
  void stopped.consumer.stop();
  await stopped.give(jobReply("jid-jid-1"));
  assert.equal(await stopped.stop({ graceMs: 25_000 }), true);
});

test("a run of maxJobs jobs ends with them, even when quiet, also from the server", async () => {
  for (const way of ["runOne", "run"] as const) {
    const finish = deferred<void>();
    const { wait, give, fetch, consumer, running } = await script<"run" | "runOne">({
      way,
      runOptions: { maxJobs: 1 },
      answer: (line) => line.startsWith("BEAT") ? `+{"state":"quiet"}\r\n` : undefined,
      setUp: (consumer) => consumer.register("x", () => finish.promise),
    });
    await give(jobReply("jid-jid-1"));
    await until(() => consumer.running.length === 1);
    await wait(15_000);
    assert.equal(consumer.state, "quiet");
    finish.resolve();
    await until(() => fetch.lines.at(-1) === "END");
    fetch.end();
    const report = {
      reason: "limit",
      done: 1,
      failed: 0,
      dead: 0,
      dropped: 0,
      unfinished: [],
      unreported: [],
    };
    assert.deepEqual(await running, way === "run" ? report : true);
  }
});

test("a run to completion runs all jobs and the ones they enqueue, not the retries", async () => {
  await using one = await setUp(4);
  const { consumer, jobs, clock, server } = one;
  await jobs(20);
  let runs = 0;
  consumer.register<[number]>("x", async ({ args: [n] }, { producer }) => {
    runs++;
    if (n === 19) throw new Error("no");
    if (n >= 10) await producer.enqueue("x", [n - 10]);
    if (n === 5) void producer.enqueue("x", [0]);
  });
  const report = await pass(clock, consumer, consumer.runToCompletion());
  const { reason, done, failed } = report;
  assert.deepEqual([reason, done, failed], ["empty", runs - 1, 1]);
  assert.equal(runs, 20 + 9 + 2);
  const { queues, retries, working } = server.snapshot();
  assert.deepEqual([queues["default"], retries, working], [0, 1, 0]);
});

test("a stop ends a run to completion early", async () => {
  await using one = await setUp(1);
  const { consumer, jobs, clock } = one;
  await jobs(5);
  consumer.register("x", () => void consumer.stop());
  const { reason, done } = await pass(clock, consumer, consumer.runToCompletion());
  assert.equal(reason, "stopped");
  assert(done >= 1 && done < 5, `${done}`);
});

test("a run to completion ends even if the wall clock stands still", async () => {
  class Frozen extends WallClock {
    override now(): number {
      return Date.UTC(2026, 0, 1);
    }
  }
  const clock = new Frozen();
  const serverClock = new WallClock();
  const server = await MemoryServer.start({ clock: serverClock });
  const producer = await Producer.connect({ url: server.url, transport: server.transport });
  await producer.enqueueMany(Array.from({ length: 3 }, () => ({ type: "x" })));
  for (const queues of [["default"], ["*"]]) {
    const consumer = new Consumer({ url: server.url, transport: server.transport, queues, clock });
    consumer.register("x", () => {});
    let report: Report | undefined;
    void consumer.runToCompletion().then((value) => report = value);
    for (let steps = 0; report === undefined && steps < 4000; steps++) {
      clock.advance(50);
      serverClock.advance(50);
      await turn();
    }
    assert.equal(report?.reason, "empty", `${queues}`);
  }
  await producer.close();
  await server.close();
});
