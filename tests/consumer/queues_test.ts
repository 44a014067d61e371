import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, type QueueChoice } from "../../mod.ts";
import { orderOf } from "../../src/consumer/fetch/order.ts";
import { createMarker } from "../../src/protocol/cancellation.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { once, pass, start, until } from "./setting.ts";

test("a list keeps its order, with a pattern's queues by name, and no duplicates", () => {
  const order = orderOf(["critical", "images.*", "images.b", "*"]);
  assert.equal(order.isDynamic, true);
  assert.deepEqual(order.next(), ["critical", "images.b"]);
  order.update({ "images.c": 1, "images.b": 0, imagesxa: 3, critical: 2, "images.a": 0 });
  assert.deepEqual(order.next(), ["critical", "images.a", "images.b", "images.c", "imagesxa"]);
  // The same array while nothing changes, so that a result made from it can be cached.
  assert.equal(order.next(), order.next());
});

test("patterns and functions leave out queues whose jobs are not for workers", () => {
  const waiting = {
    mine: 1,
    [createMarker("some-job", 1_900_000_000).queue]: 1,
    "faktory.workflow.flow-1": 1,
    "faktory.cron.default.alive.mx15bonv": 1,
    faktory: 1,
  };
  for (const choice of [["*"], (waiting: object) => Object.keys(waiting).sort()]) {
    const order = orderOf(choice);
    order.update(waiting);
    assert.deepEqual(order.next(), ["faktory", "mine"]);
  }
});

test("weights give each order at random: a queue's weight is its share of first places", () => {
  let seed = 7;
  const random = () => (seed = seed * 16807 % 2147483647) / 2147483647;
  const order = orderOf({ high: 6, middle: 3, "low.*": 1, "low.odd": 2 }, random);
  order.update({ "low.a": 1, "low.odd": 1 });
  const first: Record<string, number> = {};
  const rounds = 24_000;
  for (let i = 0; i < rounds; i++) {
    const names = order.next();
    assert.equal(new Set(names).size, 4);
    first[names[0]!] = (first[names[0]!] ?? 0) + 1;
  }
  const shares = { high: 6 / 12, middle: 3 / 12, "low.odd": 2 / 12, "low.a": 1 / 12 };
  for (const [name, share] of Object.entries(shares)) {
    assert(Math.abs(first[name]! / rounds - share) < 0.01, `${name}: ${first[name]}`);
  }
});

test("a function gets the waiting jobs, and patterns in its result are expanded", () => {
  const seen: unknown[] = [];
  const order = orderOf((waiting) => {
    seen.push(waiting);
    return Object.keys(waiting).filter((name) => waiting[name]! > 1).concat("x.*");
  });
  assert.deepEqual(order.next(), []);
  assert.equal(seen.length, 0);
  order.update({ a: 1, b: 2, "x.1": 0 });
  assert.deepEqual(order.next(), ["b", "x.1"]);
  assert.deepEqual(seen, [{ a: 1, b: 2, "x.1": 0 }]);
});

test("invalid queues are refused, in the options and when they change", () => {
  const option = { code: "INVALID_OPTION" };
  const name = { code: "INVALID_QUEUE" };
  const wrong: [unknown, object][] = [
    [[], option],
    [{}, option],
    [7, option],
    [null, option],
    ["default", option],
    [{ a: 0 }, option],
    [{ a: -1 }, option],
    [{ a: Infinity }, option],
    [{ a: "1" }, option],
    [["a b"], name],
    [["a b*"], name],
    [["?"], name],
    [{ "a/b": 1 }, name],
    [["x", 7], name],
  ];
  const consumer = new Consumer();
  for (const [choice, error] of wrong) {
    if (choice !== null) assert.throws(() => new Consumer({ queues: choice as never }), error);
    assert.throws(() => consumer.setQueues(choice as never), error);
  }
  assert.deepEqual(consumer.queues, ["default"]);
});

test("jobs of a pattern's queues run, including a queue that was created later", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  const timers = clock.pending;
  await producer.enqueue("x", ["first"], { queue: "images.small" });
  await producer.enqueue("x", ["other"], { queue: "mail" });
  const consumer = new Consumer({
    url: server.url,
    concurrency: 1,
    queues: ["images.*"],
    clock,
  });
  const jobs: unknown[] = [];
  consumer.register("x", (job) => void jobs.push(job.args[0]));
  const running = consumer.run();
  await until(() => jobs.length === 1 && server.snapshot().waiting === 1);
  await producer.enqueue("x", ["second"], { queue: "images.large" });
  await pass(clock, consumer, until(() => jobs.length === 2));
  await pass(clock, consumer, consumer.stop());
  await running;
  assert.deepEqual(jobs, ["first", "second"]);
  assert.equal(server.snapshot().queues["mail"], 1);
  assert.equal(clock.pending, timers);
});

test("a run to completion includes the queues that its own jobs created", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  await producer.enqueue("x", [2], { queue: "step.2" });
  const consumer = new Consumer({ url: server.url, concurrency: 2, queues: ["step.*"], clock });
  const steps: number[] = [];
  consumer.register<[number]>("x", async ({ args: [step] }, context) => {
    steps.push(step);
    if (step === 0) return;
    await context.producer.enqueue("x", [step - 1], { queue: `step.${step - 1}` });
  });
  const { reason } = await pass(clock, consumer, consumer.runToCompletion());
  assert.equal(reason, "empty");
  assert.deepEqual(steps, [2, 1, 0]);
});

test("a run to completion of a pattern without a queue ends at once", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const consumer = new Consumer({ url: setting.server.url, queues: ["nothing.*"], clock });
  assert.deepEqual(await pass(clock, consumer, consumer.runToCompletion()), {
    reason: "empty",
    done: 0,
    failed: 0,
    dead: 0,
    dropped: 0,
    unfinished: [],
    unreported: [],
  });
  assert.equal(await pass(clock, consumer, consumer.runOne()), false);
});

test("a run to completion with weights runs all jobs", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  const queues = { a: 5, b: 1, "c.*": 1 };
  await producer.enqueueMany(
    Array.from(
      { length: 90 },
      (_, i) => ({ type: "x", args: [i], queue: ["a", "b", "c.1"][i % 3]! }),
    ),
  );
  const consumer = new Consumer({ url: server.url, concurrency: 5, queues, clock });
  const order: string[] = [];
  consumer.register("x", (job) => void order.push(job.queue));
  const { done } = await pass(clock, consumer, consumer.runToCompletion());
  assert.equal(done, 90);
  assert.equal(new Set(order).size, 3);
});

test("the queues can be replaced during a run, by all three kinds", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  const consumer = new Consumer({ url: server.url, concurrency: 1, queues: ["old"], clock });
  const jobs: string[] = [];
  consumer.register("x", (job) => void jobs.push(job.queue));
  const running = consumer.run();
  const choices: [string, QueueChoice][] = [
    ["listed", ["listed"]],
    ["weighed", { weighed: 1 }],
    ["pattern.x", ["pattern.*"]],
    ["chosen", (waiting) => "chosen" in waiting ? ["chosen"] : []],
  ];
  for (const [i, [queue, choice]] of choices.entries()) {
    await producer.enqueue("x", [], { queue });
    consumer.setQueues(choice);
    assert.deepEqual(consumer.queues, choice);
    await pass(clock, consumer, until(() => jobs.length === i + 1));
  }
  await pass(clock, consumer, consumer.stop());
  await running;
  assert.deepEqual(jobs, choices.map(([queue]) => queue));
});

test("a function that fails is reported, and called again after a pause", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  const timers = clock.pending;
  await producer.enqueue("x", [], { queue: "good" });
  const answers: (() => unknown)[] = [
    () => {
      throw new Error("from the function");
    },
    () => "not an array",
    () => ["a b"],
  ];
  const consumer = new Consumer({
    url: server.url,
    concurrency: 1,
    clock,
    queues: () => (answers.shift() ?? (() => ["good"]))() as string[],
  });
  consumer.register("x", () => {});
  const errors: string[] = [];
  consumer.on("fetchError", ({ error }) => errors.push(String(error)));
  const done = once((listener) => consumer.on("done", listener));
  const running = consumer.run();
  for (let count = 1; count <= 3; count++) {
    await until(() => errors.length === count);
    clock.advance(1000);
  }
  await done;
  await pass(clock, consumer, consumer.stop());
  await running;
  assert.match(errors.join("\n"), /from the function\n.*got "not an array"\n.*got "a b"/);
  assert.equal(clock.pending, timers);
});
