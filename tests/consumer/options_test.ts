import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, type ConsumerOptions, type ProducerMiddleware } from "../../mod.ts";
import { resolveSettings } from "../../src/consumer/options.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { pass, start, until } from "./setting.ts";

test("jobs that handlers enqueue pass the consumer's own middleware", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  await setting.producer.enqueue("first", [], { custom: { tenant: "a" } });
  const order: string[] = [];
  const stamp: ProducerMiddleware = (job, next) => {
    order.push("outer");
    return next({ ...job, custom: { ...job.custom, via: "worker" } });
  };
  const inner: ProducerMiddleware = (_job, next) => {
    order.push("inner");
    return next();
  };
  const consumer = new Consumer({
    url: setting.server.url,
    enqueueMiddleware: [stamp, inner],
    clock,
  });
  consumer.register("first", async ({ custom }, { producer }) => {
    await producer.enqueue("second", [], { custom });
  });
  let seen: unknown;
  consumer.register("second", ({ custom }) => void (seen = custom));
  await pass(clock, consumer, consumer.runToCompletion());
  // A second run has its own connections and the same middleware, once.
  await setting.producer.enqueue("first");
  await pass(clock, consumer, consumer.runToCompletion({ maxJobs: 2 }));
  assert.deepEqual(seen, { via: "worker" });
  assert.deepEqual(order, ["outer", "inner", "outer", "inner"]);
  for (const wrong of [7, ["x"], stamp]) {
    assert.throws(() => new Consumer({ enqueueMiddleware: wrong as never }), {
      code: "INVALID_OPTION",
    });
  }
});

test("a run to completion can have a maximum number of jobs, too", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  await setting.producer.enqueueMany([1, 2, 3, 4].map((i) => ({ type: "x", args: [i] })));
  const consumer = new Consumer({ url: setting.server.url, concurrency: 1, clock });
  consumer.register("x", () => {});
  const first = await pass(clock, consumer, consumer.runToCompletion({ maxJobs: 3 }));
  assert.deepEqual([first.reason, first.done], ["limit", 3]);
  const second = await pass(clock, consumer, consumer.runToCompletion({ maxJobs: 3 }));
  assert.deepEqual([second.reason, second.done], ["empty", 1]);
});

test("a run that ends at its time limit gives jobs its grace period", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const jid = await setting.producer.enqueue("hangs", [], { retry: 3 });
  const consumer = new Consumer({ url: setting.server.url, concurrency: 1, clock });
  let signal: AbortSignal | undefined;
  consumer.register("hangs", (_job, context) => {
    signal = context.signal;
    return new Promise(() => {});
  });
  const running = consumer.run({ maxMs: 10_000, graceMs: 3000 });
  await until(() => signal !== undefined);
  clock.advance(10_000);
  assert.equal(consumer.state, "stopping");
  clock.advance(2999);
  assert.equal(signal!.aborted, false);
  clock.advance(1);
  assert.equal(signal!.aborted, true);
  const report = await pass(clock, consumer, running);
  assert.deepEqual([report.reason, report.unfinished[0]?.jid], ["time", jid]);
  await assert.rejects(consumer.run({ maxMs: 1, graceMs: -1 }), { code: "INVALID_OPTION" });
  await assert.rejects(consumer.runToCompletion({ maxJobs: 0 }), { code: "INVALID_OPTION" });
});

test("there is a connection for each job, up to 16, and three in Cloudflare Workers", () => {
  const connections = (where: "workerd" | "node", options: ConsumerOptions = {}) =>
    resolveSettings({ concurrency: 100, ...options }, undefined, where).connections;
  assert.equal(connections("node"), 16);
  assert.equal(connections("node", { concurrency: 1 }), 2);
  assert.equal(connections("node", { concurrency: 10 }), 11);
  assert.equal(connections("workerd"), 3);
  assert.equal(connections("workerd", { connections: 4 }), 4);
  // A waiting FETCH would delay all other commands on a single connection.
  assert.throws(() => connections("node", { connections: 1 }), { code: "INVALID_OPTION" });
});

test("cancellation has to be a boolean", () => {
  for (const wrong of ["yes", 1, null]) {
    assert.throws(() => new Consumer({ cancellation: wrong as never }), { code: "INVALID_OPTION" });
  }
});
