import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, type ConsumerLimits } from "../../mod.ts";
import { LimitCounter } from "../../src/consumer/fetch/limit.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { pass, start, until } from "./setting.ts";

test("a concurrency counter counts running and expected jobs", () => {
  const counter = new LimitCounter({ concurrency: 2 }, new ManualClock());
  counter.beginFetch();
  assert.equal(counter.hasRoom, true);
  counter.begin();
  assert.equal(counter.hasRoom, false);
  assert.equal(counter.roomInMs, undefined);
  counter.endFetch();
  assert.equal(counter.hasRoom, true);
  counter.begin();
  assert.equal(counter.hasRoom, false);
  counter.end();
  assert.equal(counter.hasRoom, true);
});

test("a counter per second limits every period of one second", () => {
  const clock = new ManualClock();
  const counter = new LimitCounter({ perSecond: 3 }, clock);
  const begun: number[] = [];
  const waits: (number | undefined)[] = [];
  for (let ms = 0; ms < 5000; ms += 70) {
    while (counter.hasRoom) {
      counter.begin();
      counter.end();
      begun.push(clock.now());
    }
    waits.push(counter.roomInMs);
    clock.advance(70);
  }
  assert(begun.length >= 13, `${begun.length} began`);
  for (let i = 3; i < begun.length; i++) assert(begun[i]! - begun[i - 3]! >= 1000);
  assert(waits.every((wait) => wait !== undefined && wait > 0 && wait <= 1000), String(waits));
});

test("an expected job counts in its second, and no longer if it does not come", () => {
  const clock = new ManualClock();
  const counter = new LimitCounter({ perSecond: 2 }, clock);
  counter.begin();
  clock.advance(400);
  counter.beginFetch();
  assert.equal(counter.hasRoom, false);
  // The first job is a second old by then. The expected one may just begin.
  assert.equal(counter.roomInMs, 600);
  counter.beginFetch();
  assert.equal(counter.roomInMs, undefined);
  counter.endFetch();
  counter.endFetch();
  assert.equal(counter.hasRoom, true);
});

test("a limit below one a second is one in so many seconds", () => {
  const clock = new ManualClock();
  const counter = new LimitCounter({ perSecond: 0.2 }, clock);
  counter.begin();
  assert.equal(counter.roomInMs, 5000);
  clock.advance(4999);
  assert.equal(counter.hasRoom, false);
  clock.advance(1);
  assert.equal(counter.hasRoom, true);
});

test("invalid limits are refused", () => {
  const code = "INVALID_OPTION";
  const wrong: unknown[] = [
    7,
    [],
    { perSecond: 0 },
    { perSecond: "1" },
    { queues: 1 },
    { queues: { a: 1 } },
    { queues: { a: { concurrency: 0 } } },
    { queues: { a: { concurrency: 1.5 } } },
    { queues: { a: { perSecond: -1 } } },
    { queues: { a: { perSecond: 2e6 } } },
  ];
  for (const limits of wrong) {
    assert.throws(() => new Consumer({ limits: limits as ConsumerLimits }), { code });
  }
  assert.throws(() => new Consumer({ limits: { queues: { "a b": {} } } }), {
    code: "INVALID_QUEUE",
  });
  const consumer = new Consumer();
  assert.throws(() => consumer.register("x", () => {}, { concurrency: 0 }), { code });
  assert.throws(() => consumer.register("x", () => {}, { perSecond: NaN }), { code });
});

/** Handlers that wait for `release`, and the maximum number that ran at a time. */
function gate() {
  const running = new Map<string, number>();
  const most = new Map<string, number>();
  let open = deferred<void>();
  return {
    most,
    count: (key: string) => running.get(key) ?? 0,
    async pass(keys: readonly string[]) {
      for (const key of keys) {
        running.set(key, (running.get(key) ?? 0) + 1);
        most.set(key, Math.max(most.get(key) ?? 0, running.get(key)!));
      }
      await open.promise;
      for (const key of keys) running.set(key, running.get(key)! - 1);
    },
    /** Ends the running handlers. */
    release() {
      open.resolve();
      open = deferred();
    },
  };
}

test("a queue's limit applies before FETCH, so the server reserves no waiting job", async () => {
  await using setting = await start();
  const { server, producer } = setting;
  const jobs = (queue: string, count: number) =>
    Array.from({ length: count }, () => ({ type: "x", queue }));
  await producer.enqueueMany([...jobs("images", 12), ...jobs("mail", 12), ...jobs("tenant.a", 4)]);
  const consumer = new Consumer({
    url: server.url,
    concurrency: 20,
    queues: ["images", "mail", "tenant.a"],
    limits: { queues: { images: { concurrency: 2 }, "tenant.*": { concurrency: 1 } } },
  });
  const { pass, most, count, release } = gate();
  let ended = 0;
  consumer.register("x", async ({ queue }) => {
    await pass([queue, "all"]);
    ended++;
  });
  const running = consumer.run();
  await until(() => count("all") === 2 + 12 + 1);
  const { working, queues } = server.snapshot();
  assert.deepEqual({ working, queues }, {
    working: 15,
    queues: { images: 10, mail: 0, "tenant.a": 3 },
  });
  while (ended < 28) {
    release();
    await until(() =>
      ended === 28 || (count("all") > 0 && server.snapshot().working === count("all"))
    );
  }
  await consumer.stop();
  await running;
  assert.deepEqual([most.get("images"), most.get("mail"), most.get("tenant.a")], [2, 12, 1]);
});

test("a queue whose limit has room again does not wait for other queues' FETCHes", async () => {
  // On a stopped server clock a FETCH of an empty queue never ends.
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  await producer.enqueueMany([1, 2, 3].map((i) => ({ type: "x", args: [i], queue: "images" })));
  const consumer = new Consumer({
    url: server.url,
    concurrency: 3,
    queues: ["images", "mail"],
    limits: { queues: { images: { concurrency: 1 } } },
    clock,
  });
  const { pass: enter, count, release } = gate();
  const seen: unknown[] = [];
  consumer.register("x", async ({ args }) => {
    seen.push(args[0]);
    await enter(["all"]);
  });
  const running = consumer.run();
  for (let i = 1; i <= 3; i++) {
    // One FETCH waits for mail on one connection. The other connection is free for images.
    await until(() => count("all") === 1 && seen.length === i && server.snapshot().waiting === 1);
    release();
  }
  await until(() => count("all") === 0);
  await pass(clock, consumer, consumer.stop());
  await running;
  assert.deepEqual(seen, [1, 2, 3]);
});

test("FETCHes of a queue at its limit do not wait behind others without it", async () => {
  // On a stopped server clock a FETCH of the empty queue alone never ends.
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  await producer.enqueue("x", [], { queue: "empty" });
  await producer.queues.remove("empty");
  await producer.enqueueMany(Array.from({ length: 600 }, () => ({ type: "x", queue: "full" })));
  const consumer = new Consumer({
    url: server.url,
    concurrency: 20,
    queues: { full: 2, empty: 1 },
    limits: { queues: { full: { concurrency: 5 } } },
  });
  let done = 0;
  consumer.register("x", () => new Promise((resolve) => setTimeout(resolve, 1)));
  consumer.on("done", () => done++);
  const running = consumer.run();
  await until(() => done === 600);
  const stopping = consumer.stop();
  clock.advance(2000);
  await stopping;
  assert.equal((await running).done, 600);
});

test("a type's limit applies to its queues, and the first surplus jobs are requeued", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  // Enough that some FETCHes are in flight when the first heavy job arrives.
  const [light, heavy] = [40, 200];
  await producer.enqueueMany(
    Array.from({ length: light + heavy }, (_, i) => ({
      ...{ type: i < light ? "light" : "heavy", args: [i - light], queue: "work" },
    })),
  );
  const consumer = new Consumer({ url: server.url, concurrency: 20, queues: ["work"], clock });
  consumer.register("light", () => {});
  const { pass: enter, most, count, release } = gate();
  const begun: number[] = [];
  consumer.register<[number]>("heavy", async ({ args: [i] }) => {
    begun.push(i);
    await enter(["heavy"]);
  }, { concurrency: 2 });
  const requeued: string[] = [];
  consumer.on("requeued", ({ reason }) => requeued.push(reason));
  // It does not end before the requeued jobs have come back.
  const running = consumer.runToCompletion();
  await until(() => count("heavy") === 2 && server.snapshot().working === 2);
  const { queues, scheduled } = server.snapshot();
  assert.deepEqual([queues["work"], scheduled], [heavy - 2 - requeued.length, requeued.length]);
  let isOver = false;
  void running.then(() => isOver = true);
  await pass(
    clock,
    consumer,
    until(() => {
      release();
      return isOver;
    }),
  );
  const { reason, done } = await running;
  assert.deepEqual({ reason, done }, { reason: "empty", done: light + heavy });
  assert.equal(most.get("heavy"), 2);
  assert.deepEqual(begun.sort((a, b) => a - b), Array.from({ length: heavy }, (_, i) => i));
  assert(requeued.length > 0 && requeued.length < 20, `${requeued.length} were put back`);
  assert.equal(server.snapshot().working, 0);
});

test("no more jobs begin in a second than the limit of a queue, a type or the run", async () => {
  for (const which of ["queue", "type", "all"]) {
    const clock = new ManualClock(Date.now());
    await using setting = await start(clock);
    const { server, producer } = setting;
    await producer.enqueueMany(Array.from({ length: 9 }, () => ({ type: "x", queue: "api" })));
    const limits: Record<string, ConsumerLimits> = {
      queue: { queues: { api: { perSecond: 4 } } },
      type: {},
      all: { perSecond: 4 },
    };
    const consumer = new Consumer({
      url: server.url,
      concurrency: 10,
      queues: ["api"],
      limits: limits[which]!,
      clock,
    });
    const begun: number[] = [];
    consumer.register(
      "x",
      () => void begun.push(clock.now()),
      which === "type" ? { perSecond: 4 } : {},
    );
    const running = consumer.run();
    await pass(clock, consumer, until(() => begun.length === 9));
    await pass(clock, consumer, consumer.stop());
    await running;
    for (let i = 4; i < begun.length; i++) {
      assert(begun[i]! - begun[i - 4]! >= 1000, `${which}: ${begun.map((ms) => ms - begun[0]!)}`);
    }
    // A job that arrived before its type was known is delayed by five seconds.
    assert(
      begun[8]! - begun[0]! < (which === "type" ? 15_000 : 3000),
      `${which}: ${begun.map((ms) => ms - begun[0]!)}`,
    );
  }
});

test("a job without a handler can be left to others, and its queue pauses", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  const timers = clock.pending;
  const jid = await producer.enqueue("others", [1], { queue: "mixed", retry: 0 });
  const consumer = new Consumer({
    url: server.url,
    concurrency: 1,
    queues: ["mixed", "own"],
    unregistered: "leave",
    clock,
  });
  const seen: string[] = [];
  consumer.register("ours", (job) => void seen.push(job.queue));
  const requeued: unknown[] = [];
  consumer.on("requeued", ({ job, reason }) => requeued.push([job.jid, reason]));
  consumer.on("fail", ({ error }) => assert.fail(String(error)));
  const running = consumer.run();
  await until(() => requeued.length === 1 && server.snapshot().scheduled === 1);
  assert.deepEqual(requeued, [[jid, "unregistered"]]);
  await producer.enqueue("ours", [], { queue: "mixed" });
  await producer.enqueue("ours", [], { queue: "own" });
  await until(() => seen.length === 1 && server.snapshot().waiting === 1);
  assert.deepEqual(seen, ["own"]);
  // Another worker has taken it in the meantime.
  await producer.sets.scheduled.discard({ jids: [jid] });
  await pass(clock, consumer, until(() => seen.length === 2));
  await pass(clock, consumer, consumer.stop());
  await running;
  assert.deepEqual(seen, ["own", "mixed"]);
  assert.equal(server.snapshot().processed, 3);
  assert.equal(clock.pending, timers);
});

test("a run to completion ends when only jobs for other workers remain", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  await setting.producer.enqueue("others");
  const consumer = new Consumer({ url: setting.server.url, unregistered: "leave", clock });
  const report = await pass(clock, consumer, consumer.runToCompletion());
  assert.deepEqual(report, {
    reason: "empty",
    done: 0,
    failed: 0,
    dead: 0,
    dropped: 0,
    unfinished: [],
    unreported: [],
  });
  const { scheduled, queues, working } = setting.server.snapshot();
  assert.deepEqual({ scheduled, queues, working }, {
    scheduled: 1,
    queues: { default: 0 },
    working: 0,
  });
  assert.throws(() => new Consumer({ unregistered: "drop" as never }), { code: "INVALID_OPTION" });
});

test("a limit of a handler that is registered or replaced during a run applies", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  const consumer = new Consumer({ url: server.url, concurrency: 10, clock });
  const ends: (() => void)[] = [];
  let [running, most, done] = [0, 0, 0];
  const handler = async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running--;
    done++;
  };
  const ended = consumer.run();
  await until(() => consumer.state === "running");
  const enqueue = () => producer.enqueueMany(Array.from({ length: 10 }, () => ({ type: "x" })));
  const finish = async (count: number) => {
    await pass(
      clock,
      consumer,
      until(() => {
        ends.shift()?.();
        return done === count;
      }),
    );
  };
  consumer.register("x", handler, { concurrency: 1 });
  await enqueue();
  await finish(10);
  assert.equal(most, 1);
  consumer.register("x", handler, { concurrency: 3 });
  await enqueue();
  await pass(clock, consumer, until(() => running === 3));
  await finish(20);
  assert.equal(most, 3);
  // Without a limit all jobs run. A new limit counts the jobs that run already.
  consumer.register("x", handler);
  await enqueue();
  await pass(clock, consumer, until(() => running >= 5));
  const before = running;
  consumer.register("x", handler, { concurrency: 2 });
  await producer.enqueue("x");
  for (let i = 0; i < 20; i++) clock.advance(50);
  most = 0;
  ends.splice(0, before - 1).forEach((end) => end());
  await pass(clock, consumer, until(() => most > 0 || running === 1));
  await finish(31);
  assert(most <= 2, `${most} at a time`);
  await pass(clock, consumer, consumer.stop());
  await ended;
});
