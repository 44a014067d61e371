import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Producer } from "../../mod.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import { FaultProxy, REPLY_FAULTS } from "./proxy.ts";
import { settle, turn, WallClock } from "./wall_clock.ts";

/** Time after which a promise counts as never settled, in ms. */
const NEVER_MS = 400_000;

const producerCalls: Record<string, (producer: Producer) => Promise<unknown>> = {
  enqueue: (producer) => producer.enqueue("x"),
  "enqueue, three at once": (producer) =>
    Promise.allSettled(["x", "y", "z"].map((type) => producer.enqueue(type))),
  "enqueue behind a middleware": (producer) => {
    producer.use((_job, next) => next());
    return producer.enqueue("x");
  },
  "enqueue with a signal": (producer) =>
    producer.enqueue("x", [], { signal: new AbortController().signal }),
  enqueueMany: (producer) => producer.enqueueMany([{ type: "x" }, { type: "y" }]),
  "the end of a writable": async (producer) => {
    const writer = producer.writable().getWriter();
    writer.closed.catch(() => {});
    const writing = Promise.allSettled([writer.write({ type: "x" }), writer.write({ type: "y" })]);
    await Promise.allSettled([writer.close()]);
    await writing;
  },
  info: (producer) => producer.info(),
  flush: (producer) => producer.flush(),
  "queues.pause": (producer) => producer.queues.pause("q"),
  "queues.latency": (producer) => producer.queues.latency("q"),
  "sets.clear": (producer) => producer.sets.dead.clear(),
  "sets.requeue": (producer) => producer.sets.retries.requeue({ all: true }),
  "tracking.get": (producer) => producer.tracking.get("12345678"),
  "batches.reopen": (producer) => producer.batches.reopen("b-12345678", () => {}),
};

/** Faults of the connection. */
const troubles: Record<string, (proxy: FaultProxy) => void> = {
  ...Object.fromEntries(
    REPLY_FAULTS.map((name) => [name, (proxy: FaultProxy) => proxy.arm(name)]),
  ),
  "cut all": (proxy) => proxy.cutAll(),
  "reset all": (proxy) => proxy.resetAll(),
  "silence for good": (proxy) => {
    proxy.silenceAll();
    proxy.refuse(Infinity);
  },
  "refused for good": (proxy) => proxy.restart(Infinity),
  "a stall": (proxy) => {
    proxy.cutAll();
    proxy.stall();
  },
  "stalls for good": (proxy) => {
    for (let i = 0; i < 50; i++) proxy.stall();
    proxy.cutAll();
  },
  "too many for good": (proxy) => {
    for (let i = 0; i < 90; i++) proxy.arm("too many");
    proxy.cutAll();
  },
};

/** Time of the fault, and whether the producer is closed at the same time. */
const moments = ["before", "under way", "under way, closing", "during an outage"] as const;

async function open(reconnect?: false) {
  const clock = new WallClock();
  const server = await MemoryServer.start({ clock });
  const proxy = new FaultProxy(server.transport, clock);
  const options = { url: server.url, transport: proxy, clock, reconnect };
  return { clock, server, proxy, options };
}

async function sweepProducer(
  call: (producer: Producer) => Promise<unknown>,
  trouble: (proxy: FaultProxy) => void,
  { moment, reconnect }: { moment: typeof moments[number]; reconnect: false | undefined },
): Promise<string | undefined> {
  const { clock, server, proxy, options } = await open(reconnect);
  const producer = await Producer.connect(options);
  if (moment === "during an outage") {
    proxy.restart(3000);
    await turn();
  }
  if (moment === "before") {
    trouble(proxy);
    if (Object.keys(proxy.counts).length > 0) await turn();
  }
  const promise = call(producer);
  const closing = moment === "under way, closing" ? producer.close() : undefined;
  // After these turns the command is sent and has no reply.
  for (let i = 0; i < 3; i++) await Promise.resolve();
  if (moment !== "before") trouble(proxy);
  const end = await settle(clock, promise, { maxMs: NEVER_MS, stepMs: 200 });
  if (end === undefined) return "the call never settles";
  const closed = await settle(clock, closing ?? producer.close(), { maxMs: NEVER_MS, stepMs: 200 });
  if (closed === undefined) return "close never settles";
  // A stalled transport has a timer of its own.
  await server.close();
  return clock.pending === 0 ? undefined : `${clock.pending} timers are left`;
}

test("every promise of a producer settles, with any fault at any moment", async () => {
  const faults: string[] = [];
  let cases = 0;
  for (const [method, call] of Object.entries(producerCalls)) {
    for (const [name, trouble] of Object.entries(troubles)) {
      for (const moment of moments) {
        for (const reconnect of [undefined, false] as const) {
          cases++;
          const fault = await sweepProducer(call, trouble, { moment, reconnect });
          const how = reconnect === false ? ", without reconnecting" : "";
          if (fault !== undefined) faults.push(`${method}, ${name}, ${moment}${how}: ${fault}`);
        }
      }
    }
  }
  console.log(`${cases} cases of calls`);
  assert.deepEqual(faults, []);
});

test("a first connection opens or fails, with any fault at any moment", async () => {
  for (const [name, trouble] of Object.entries(troubles)) {
    for (const moment of ["before", "under way"]) {
      const { clock, server, proxy, options } = await open();
      if (moment === "before") trouble(proxy);
      const connecting = Producer.connect(options);
      for (let i = 0; i < 10; i++) await Promise.resolve();
      if (moment !== "before") trouble(proxy);
      const end = await settle(clock, connecting, { maxMs: 30_000 });
      assert(end !== undefined, `${name}, ${moment}`);
      proxy.heal();
      if (end.status === "fulfilled") await settle(clock, end.value.close());
      await server.close();
      assert.equal(clock.pending, 0, `${name}, ${moment}: a timer is left`);
    }
  }
});

/** Activity of a consumer when the fault happens. */
const deeds = ["connecting", "idle", "running", "reporting", "enqueueing", "stopping"] as const;

async function sweepConsumer(
  trouble: (proxy: FaultProxy) => void,
  { deed, reconnect }: { deed: typeof deeds[number]; reconnect: false | undefined },
): Promise<string | undefined> {
  const { clock, server, proxy, options } = await open(reconnect);
  const producer = await Producer.connect({ url: server.url, transport: server.transport, clock });
  const consumer = new Consumer({ ...options, concurrency: 2 });
  let finish = () => {};
  consumer.register("x", async (_job, context) => {
    await new Promise<void>((resolve) => finish = resolve);
    // Not awaited, and without an error handler.
    if (deed === "enqueueing") void context.producer.enqueue("y").catch(() => {});
  });
  consumer.register("y", () => {});
  const isBusy = deed !== "connecting" && deed !== "idle";
  if (isBusy) await producer.enqueue("x");
  const running = consumer.run();
  running.catch(() => {});
  if (deed === "connecting") {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  } else {
    for (let i = 0; i < 20; i++) await turn();
  }
  let stopping = deed === "stopping" ? consumer.stop() : undefined;
  if (deed === "reporting" || deed === "enqueueing") {
    finish();
    for (let i = 0; i < 3; i++) await Promise.resolve();
  }
  trouble(proxy);
  for (let i = 0; i < 100; i++) {
    clock.advance(200);
    await turn();
  }
  finish();
  stopping ??= consumer.stop();
  const stopped = await settle(clock, stopping, { maxMs: NEVER_MS, stepMs: 200 });
  if (stopped === undefined) return "stop never settles";
  if (stopped.tookMs > 60_000) return `stop takes ${stopped.tookMs} ms`;
  if (await settle(clock, running, { maxMs: 1000 }) === undefined) return "run never settles";
  await settle(clock, producer.close());
  await server.close();
  return clock.pending === 0 ? undefined : `${clock.pending} timers are left`;
}

test("run and stop of a consumer settle, with any fault in any activity", async () => {
  const faults: string[] = [];
  let cases = 0;
  for (const [name, trouble] of Object.entries(troubles)) {
    for (const deed of deeds) {
      for (const reconnect of [undefined, false] as const) {
        cases++;
        const fault = await sweepConsumer(trouble, { deed, reconnect });
        const how = reconnect === false ? ", without reconnecting" : "";
        if (fault !== undefined) faults.push(`${deed}, ${name}${how}: ${fault}`);
      }
    }
  }
  console.log(`${cases} cases of consumers`);
  assert.deepEqual(faults, []);
});
