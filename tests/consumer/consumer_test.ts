import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AuthenticationError,
  ConnectError,
  Consumer,
  type Job,
  JobAbortedError,
  Producer,
} from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { sendCommand } from "../../src/producer/producer.ts";
import { acknowledge, fetchJob } from "../../src/protocol/commands/jobs.ts";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";
import { CuttableTransport } from "../faults/cuttable.ts";
import { once, reconnect, start, until } from "./setting.ts";
import { startQuick } from "../server/quick.ts";

test("each BEAT's reply can change the state: first quiet, then the end", async () => {
  await using setting = await start();
  const { server, producer } = setting;
  const clock = new ManualClock(Date.now());
  const consumer = new Consumer({ url: server.url, concurrency: 1, clock });
  const finish = deferred<void>();
  const started = once((listener) => consumer.on("start", listener));
  consumer.register("slow", () => finish.promise);
  await producer.enqueue("slow");
  const running = consumer.run();
  await started;
  assert.equal(server.signalWorker(consumer.wid, "quiet"), true);
  clock.advance(15_000);
  await until(() => consumer.state === "quiet");
  server.signalWorker(consumer.wid, "terminate");
  clock.advance(15_000);
  await until(() => consumer.state === "stopping");
  finish.resolve();
  assert.deepEqual(await running, {
    reason: "server",
    done: 1,
    failed: 0,
    dead: 0,
    dropped: 0,
    unfinished: [],
    unreported: [],
  });
  assert.equal(clock.pending, 0);
});

test("a server that makes a worker quiet does not hold back its commands", async () => {
  await using setting = await start();
  const { server, producer } = setting;
  const consumer = new Consumer({ url: server.url, concurrency: 1 });
  let token: Job | undefined;
  // Like the collection of a join's tokens.
  consumer.register("collect", async (_job, { producer }) => {
    server.signalWorker(consumer.wid, "quiet");
    token = await sendCommand(producer, fetchJob(["tokens"]));
    await sendCommand(producer, acknowledge(token!.jid));
  });
  await producer.enqueue("token", [], { queue: "tokens" });
  await producer.enqueue("collect");
  await consumer.run({ maxJobs: 1 });
  assert.equal(token?.type, "token");
});

test("at the end of its reservation a job is aborted, and its result is not sent", async () => {
  await using setting = await start();
  const { server, producer } = setting;
  const clock = new ManualClock(Date.now());
  const consumer = new Consumer({ url: server.url, concurrency: 1, clock });
  const finish = deferred<void>();
  const signals = deferred<AbortSignal>();
  consumer.register("slow", async (_job, { signal }) => {
    signals.resolve(signal);
    await finish.promise;
  });
  const unreported: unknown[] = [];
  consumer.on("unreported", (detail) => unreported.push(detail));
  await producer.enqueue("slow", [], { reserveFor: 60 });
  const running = consumer.run();
  const signal = await signals.promise;
  const expired = once((listener) => consumer.on("expired", listener));
  clock.advance(55_000);
  assert.equal(signal.aborted, false);
  clock.advance(4000);
  await expired;
  assert(signal.reason instanceof JobAbortedError);
  assert.equal(signal.reason.code, "RESERVATION_EXPIRED");
  finish.resolve();
  await consumer.stop();
  const report = await running;
  assert.deepEqual([report.done, report.failed, report.unfinished.length], [0, 0, 0]);
  assert.equal(server.snapshot().working, 1);
  assert.deepEqual(unreported, []);
});

test("a result is sent when there is a connection again, without a second run", async () => {
  await using setting = await start();
  const { server, producer } = setting;
  const transport = new CuttableTransport();
  const consumer = new Consumer({ url: server.url, concurrency: 4, transport, reconnect });
  const finish = deferred<void>();
  let runs = 0;
  const started = once((listener) => consumer.on("start", listener));
  consumer.register("slow", () => {
    runs++;
    return finish.promise;
  });
  await producer.enqueue("slow");
  const running = consumer.run();
  await started;
  transport.isDown = true;
  transport.cut();
  await once((listener) => consumer.on("disconnect", listener));
  finish.resolve();
  await until(() => consumer.health().unreported === 1);
  assert.equal(server.snapshot().working, 1);
  transport.isDown = false;
  await until(() => server.snapshot().working === 0);
  assert.equal(server.snapshot().processed, 1);
  await consumer.stop();
  assert.deepEqual(await running, {
    reason: "stopped",
    done: 1,
    failed: 0,
    dead: 0,
    dropped: 0,
    unfinished: [],
    unreported: [],
  });
  assert.equal(runs, 1);
});

test("a report that misses the reservation's end is dropped, with an event", async () => {
  await using setting = await start();
  const { server, producer } = setting;
  const clock = new ManualClock(Date.now());
  const transport = new CuttableTransport();
  const consumer = new Consumer({ url: server.url, concurrency: 1, transport, clock });
  const finish = deferred<void>();
  const started = once((listener) => consumer.on("start", listener));
  consumer.register("slow", () => finish.promise);
  await producer.enqueue("slow", [], { reserveFor: 60 });
  const running = consumer.run();
  await started;
  transport.isDown = true;
  transport.cut();
  await until(() => transport.count === 0);
  const done = once((listener) => consumer.on("done", listener));
  finish.resolve();
  await done;
  const given = once<{ error: unknown }>((listener) => consumer.on("unreported", listener));
  const reported = given.then(({ error }) => error as { code: string });
  let isGiven = false;
  void reported.then(() => isGiven = true);
  while (!isGiven) {
    clock.advance(5000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await reported).code, "DEADLINE_PASSED");
  transport.isDown = false;
  const stopping = consumer.stop();
  await stopping;
  await running;
  assert.equal(server.snapshot().working, 1);
});

test("a consumer that was silent for too long registers again and goes on", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  const consumer = new Consumer({ url: server.url, concurrency: 1, reconnect });
  const jobs: unknown[] = [];
  consumer.register("x", (job) => void jobs.push(job.args[0]));
  const running = consumer.run();
  await until(() => server.snapshot().waiting === 1);
  const lost = once((listener) => consumer.on("disconnect", listener));
  clock.advance(76_000);
  await lost;
  await until(() => server.snapshot().workers === 1);
  await producer.enqueue("x", ["after"]);
  await until(() => jobs.length === 1 && server.snapshot().waiting === 1);
  const stopping = consumer.stop();
  clock.advance(2000);
  await stopping;
  await running;
});

test("a job that arrives after a stop is returned if it has retries, else it runs", async () => {
  for (const retry of [5, 0, -1]) {
    // On a stopped server clock only a job ends the FETCH.
    await using setting = await start(new ManualClock(Date.now()));
    const { server, producer } = setting;
    const consumer = new Consumer({ url: server.url, concurrency: 1 });
    let runs = 0;
    consumer.register("late", () => void runs++);
    const running = consumer.run();
    await until(() => server.snapshot().waiting === 1);
    const stopping = consumer.stop();
    const jid = await producer.enqueue("late", [], { retry });
    await stopping;
    const { done, unfinished } = await running;
    const { retries, working, dead } = server.snapshot();
    assert.deepEqual(
      { runs, done, retries, working, dead },
      retry > 0
        ? { runs: 0, done: 0, retries: 1, working: 0, dead: 0 }
        : { runs: 1, done: 1, retries: 0, working: 0, dead: 0 },
    );
    assert.deepEqual(unfinished.map((job) => job.jid), retry > 0 ? [jid] : []);
  }
});

test("two connections with one FETCH are enough while no job waits", async () => {
  // On a stopped server clock no FETCH ends before all of them wait.
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server } = setting;
  const consumer = new Consumer({ url: server.url, concurrency: 1000 });
  const running = consumer.run();
  await until(() => server.snapshot().waiting === 1);
  assert.equal(server.snapshot().connections, 1 + 2);
  const stopping = consumer.stop();
  clock.advance(2000);
  await stopping;
  await running;
});

test("a stop of an idle consumer takes one FETCH at most, even after a burst", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  await producer.enqueueMany(Array.from({ length: 5000 }, (_, i) => ({ type: "x", args: [i] })));
  const consumer = new Consumer({ url: server.url, concurrency: 50 });
  let runs = 0;
  consumer.register("x", () => void runs++);
  const running = consumer.run();
  await until(() => runs === 5000);
  await until(() => server.snapshot().waiting > 0);
  // The server's clock moves once. If a FETCH waited behind another, it would never end.
  const stopping = consumer.stop();
  clock.advance(2000);
  await stopping;
  await running;
  assert.equal(server.snapshot().working, 0);
});

test("a consumer that cannot connect rejects at once", async () => {
  const server = await FaktoryServer.start({ port: 0, password: "secret" });
  const url = `tcp://127.0.0.1:${server.port}`;
  const consumer = new Consumer({ url, password: "wrong" });
  await assert.rejects(consumer.run(), AuthenticationError);
  await server.close();
  await assert.rejects(new Consumer({ url }).run(), ConnectError);
  assert.equal(consumer.state, "idle");
});

test("a refused password is requested and tried again until it is accepted", async () => {
  const server = await startQuick({ password: "old" });
  let asked = 0;
  const password = () => {
    asked++;
    return Promise.resolve("old");
  };
  const consumer = new Consumer({ url: server.url, password, concurrency: 1, reconnect });
  const ran = once<string>((listener) => consumer.register("x", () => listener("ran")));
  const running = consumer.run();
  await until(() => server.snapshot().waiting === 1);
  const before = asked;
  await server.close();
  const wrong = await startQuick({ port: server.port, password: "new" });
  await until(() => asked >= before + 6);
  await wrong.close();
  await using again = await startQuick({ port: server.port, password: "old" });
  await using producer = await Producer.connect({ url: again.url });
  await producer.enqueue("x");
  assert.equal(await ran, "ran");
  await consumer.stop();
  await running;
});

test("a stop without a server ends in time", async () => {
  const server = await startQuick();
  const consumer = new Consumer({ url: server.url, concurrency: 4, reconnect });
  const running = consumer.run();
  await until(() => server.snapshot().waiting > 0);
  const lost = once((listener) => consumer.on("disconnect", listener));
  await server.close();
  await lost;
  await consumer.stop();
  assert.deepEqual(await running, {
    reason: "stopped",
    done: 0,
    failed: 0,
    dead: 0,
    dropped: 0,
    unfinished: [],
    unreported: [],
  });
});

test("an abort signal stops it, even before it has connected", async () => {
  await using setting = await start();
  const abort = new AbortController();
  const consumer = new Consumer({ url: setting.server.url, signal: abort.signal });
  const running = consumer.run();
  await until(() => setting.server.snapshot().waiting > 0);
  abort.abort();
  assert.equal((await running).reason, "stopped");
  assert.equal((await consumer.run()).reason, "stopped");
});

test("invalid options are refused when it is created", () => {
  const code = "INVALID_OPTION";
  assert.throws(() => new Consumer({ concurrency: 0 }), { code });
  assert.throws(() => new Consumer({ concurrency: 1.5 }), { code });
  assert.throws(() => new Consumer({ queues: [] }), { code });
  assert.throws(() => new Consumer({ queues: ["a b"] }), { code: "INVALID_QUEUE" });
  assert.throws(() => new Consumer({ wid: "short" }), { code });
  assert.throws(() => new Consumer({ commandTimeoutMs: 2000 }), { code });
  assert.throws(() => new Consumer({ labels: "x" as never }), { code });
  assert.throws(() => new Consumer().register("", () => {}), { code });
  assert.throws(() => new Consumer().register("x", undefined as never), { code });
});

test("a listener that throws does no harm, and is reported", async () => {
  await using setting = await start();
  const consumer = new Consumer({ url: setting.server.url, concurrency: 1 });
  consumer.register("x", () => {});
  // A deliberate end is not a lost connection.
  consumer.on("disconnect", ({ error }) => assert.fail(error));
  consumer.on("done", () => {
    throw new Error("from a listener");
  });
  const failures: unknown[] = [];
  consumer.on("listenerError", ({ event, error }) => failures.push([event, String(error)]));
  await setting.producer.enqueue("x");
  assert.equal(await consumer.runOne(), true);
  assert.deepEqual(failures, [["done", "Error: from a listener"]]);
  assert.equal(setting.server.snapshot().processed, 1);
});
