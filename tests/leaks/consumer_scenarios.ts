import assert from "node:assert/strict";
import {
  AuthenticationError,
  ConnectError,
  Consumer,
  type ConsumerOptions,
  Discard,
  isolated,
  Kill,
  Producer,
  RetryAfter,
  Snooze,
} from "../../mod.ts";
import { pem } from "../pem.ts";
import { TcpProxy } from "../faults/tcp_proxy.ts";
import {
  countedAbort,
  once,
  reconnect,
  type Scenario,
  signalListeners,
  startTls,
} from "./setting.ts";
import { startQuick } from "../server/quick.ts";

/** Settles when its signal is aborted, not before. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Returns a server with `count` jobs of the type `x`, and a consumer. */
async function start(count: number, options: ConsumerOptions = {}) {
  const server = await startQuick();
  await using producer = await Producer.connect({ url: server.url });
  await producer.enqueueMany(Array.from({ length: count }, (_, i) => ({ type: "x", args: [i] })));
  return { server, consumer: new Consumer({ url: server.url, reconnect, ...options }) };
}

/** Scenarios of a consumer, from start to end. */
export const consumerScenarios: Readonly<Record<string, Scenario>> = {
  async "jobs that are done, fail, and all else that can become of one"() {
    const { server, consumer } = await start(20, { limits: { perSecond: 1000 } });
    const ends = [
      () => {},
      () => Promise.resolve(),
      () => Promise.reject(new Error("no")),
      () => new Discard("of no use"),
      () => new Kill("for good"),
      () => new RetryAfter(60),
      () => new Snooze(60),
    ];
    consumer.use((_job, _context, next) => next());
    consumer.register("x", async ({ args: [i] }, { producer, log }) => {
      await producer.enqueue("y", [i], { queue: "others" });
      log.info("next is the end");
      return await ends[i % ends.length]?.();
    }, { timeoutMs: 60_000, concurrency: 5 });
    const { done, failed } = await consumer.runToCompletion();
    assert.equal(done + failed, 20);
    await server.close();
  },

  async "a stop in the middle of jobs"() {
    const { server, consumer } = await start(4, { concurrency: 4 });
    consumer.register("x", (_job, { signal }) => untilAborted(signal));
    const began = once((hear) => consumer.on("start", hear));
    const run = consumer.run();
    await began;
    await consumer.stop({ graceMs: 0 });
    assert.equal((await run).done, 0);
    await server.close();
  },

  async "a stop with nothing to do, twice"() {
    const { server, consumer } = await start(0);
    for (let i = 0; i < 2; i++) {
      const running = once((hear) => consumer.on("state", hear));
      const run = consumer.run();
      await running;
      consumer.quiet();
      await consumer.stop();
      await run;
    }
    await server.close();
  },

  async "handlers that take too long, and one that never ends"() {
    const { server, consumer } = await start(2);
    consumer.register(
      "x",
      ({ args: [i] }, { signal }) => i === 0 ? new Promise(() => {}) : untilAborted(signal),
      { timeoutMs: 5 },
    );
    const failed = once((hear) => consumer.on("fail", hear));
    const run = consumer.run();
    await failed;
    await consumer.stop({ graceMs: 0 });
    assert.equal((await run).unfinished.length, 1);
    await server.close();
  },

  async "a consumer that ends after so long"() {
    const { server, consumer } = await start(1, { concurrency: 1 });
    consumer.register("x", (_job, { signal }) => untilAborted(signal));
    assert.equal((await consumer.run({ maxMs: 50, graceMs: 0 })).reason, "time");
    await server.close();
  },

  async "a consumer that runs one job"() {
    const { server, consumer } = await start(1);
    consumer.register("x", () => {});
    assert.equal(await consumer.runOne(), true);
    await server.close();
  },

  async "a consumer over TLS"() {
    await using server = await startTls();
    const options = { url: server.url, tls: { caCerts: [pem("ca")] } };
    await using producer = await Producer.connect(options);
    await producer.enqueue("x");
    const consumer = new Consumer(options);
    consumer.register("x", () => {});
    assert.equal((await consumer.run({ maxJobs: 1 })).done, 1);
  },

  async "a consumer whose connections are lost, and made again"() {
    const { server } = await start(6);
    await using proxy = await TcpProxy.start(server.port);
    const url = `tcp://127.0.0.1:${proxy.port}`;
    const consumer = new Consumer({ url, reconnect, concurrency: 1 });
    let resets = 0;
    let back: Promise<unknown> = Promise.resolve();
    // In the middle of a job, so that its result uses another connection.
    consumer.register("x", async () => {
      // A loss is an event only if every connection was restored before it.
      await back;
      if (resets++ >= 3) return;
      const lost = once((hear) => consumer.on("disconnect", hear));
      back = once((hear) => consumer.on("reconnect", hear));
      proxy.reset();
      await lost;
    });
    assert.equal((await consumer.run({ maxJobs: 4 })).done, 4);
    await server.close();
  },

  async "a consumer whose server is gone when it stops"() {
    const { server, consumer } = await start(1, { concurrency: 1 });
    consumer.register("x", async () => {
      const lost = once((hear) => consumer.on("disconnect", hear));
      await server.close();
      await lost;
      void consumer.stop({ graceMs: 0 });
    });
    await consumer.run();
  },

  async "a consumer that finds no server, or is refused"() {
    const own = countedAbort();
    const server = await startQuick({ password: "right" });
    const options = { url: server.url, password: "wrong", signal: own.signal };
    await assert.rejects(new Consumer(options).run(), AuthenticationError);
    await server.close();
    await assert.rejects(new Consumer(options).run(), ConnectError);
    own.check();
  },

  async "a consumer that is stopped while it connects"() {
    const { server, consumer } = await start(0);
    const run = consumer.run();
    await consumer.stop();
    assert.equal((await run).reason, "stopped");
    await server.close();
  },

  async "a consumer that heeds signals, and one whose signal stops it"() {
    const own = countedAbort();
    const before = signalListeners();
    const { server, consumer } = await start(1, { handleSignals: true, signal: own.signal });
    consumer.register("x", () => own.abort());
    await consumer.run();
    own.check();
    assert.equal(signalListeners(), before);
    await server.close();
  },

  async "a handler in threads"() {
    const { server, consumer } = await start(2);
    {
      const module = new URL("../fixtures/isolated/act.ts", import.meta.url);
      await using handler = isolated(module, { threads: 2 });
      consumer.register(
        "x",
        (_job, context) => handler({ ..._job, args: ["echo", 1] } as never, context),
      );
      assert.equal((await consumer.run({ maxJobs: 2 })).done, 2);
    }
    await server.close();
  },
};
