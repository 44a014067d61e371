import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectError, ConnectionLostError, type JobInput, Producer } from "../../mod.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import { FaultProxy, type SilencePoint } from "./proxy.ts";
import { settle, turn, WallClock } from "./wall_clock.ts";

/** Limits from docs/promises.md for a producer with the default options, in ms. */
const BOUNDS = { connect: 10_000, call: 200_000, close: 26_000 };

/**
 * Calls with more than 1000 jobs: the first thousand are in flight, the next wait for a connection.
 */
const LARGE: readonly string[] = ["enqueueMany of three thousand"];

/** Every promise of a producer's public API. */
const calls: Record<string, (producer: Producer) => Promise<unknown>> = {
  enqueue: (producer) => producer.enqueue("x"),
  "enqueue of a job": (producer) => producer.enqueue({ type: "x" }),
  "enqueue, a hundred at once": (producer) =>
    Promise.all(Array.from({ length: 100 }, () => producer.enqueue("x"))),
  "enqueue behind a middleware": (producer) =>
    producer.use((_job, next) => next()).enqueue("x", ["behind"]),
  "enqueue with a signal": (producer) =>
    producer.enqueue("x", [], { signal: new AbortController().signal }),
  enqueueMany: (producer) => producer.enqueueMany([{ type: "x" }, { type: "y" }]).then(settled),
  "enqueueMany of three thousand": (producer) =>
    producer.enqueueMany(Array.from({ length: 3000 }, (_, i) => ({ type: "x", args: [i] })))
      .then(settled),
  "a write of writable": (producer) => written(producer, 1, false),
  "writes of writable, more than it takes in": (producer) => written(producer, 2500, false),
  "close of writable": (producer) => written(producer, 1, true),
  info: (producer) => producer.info(),
  flush: (producer) => producer.flush(),
  "queues.pause": (producer) => producer.queues.pause("q"),
  "queues.resume": (producer) => producer.queues.resume("q"),
  "queues.remove": (producer) => producer.queues.remove("q"),
  "queues.latency": (producer) => producer.queues.latency("q"),
  "sets.clear": (producer) => producer.sets.dead.clear(),
  "sets.kill": (producer) => producer.sets.retries.kill({ all: true }),
  "sets.discard": (producer) => producer.sets.retries.discard({ type: "x" }),
  "sets.requeue": (producer) => producer.sets.scheduled.requeue({ jids: ["12345678"] }),
  "tracking.get": (producer) => producer.tracking.get("12345678"),
  "tracking.set": (producer) => producer.tracking.set({ jid: "12345678", percent: 1 }),
  "batches.open": (producer) => producer.batches.open({ success: { type: "x" } }, () => {}),
  "batches.reopen": (producer) => producer.batches.reopen("b-12345678", () => {}),
  "batches.status": (producer) => producer.batches.status("b-12345678"),
};

function settled({ failed }: { readonly failed: ReadonlyMap<string, unknown> }): void {
  for (const error of failed.values()) throw error;
}

/** A write resolves when there is room, so closing waits for the last one. */
async function written(producer: Producer, count: number, closes: boolean): Promise<void> {
  const writer = (producer.writable() as WritableStream<JobInput>).getWriter();
  writer.closed.catch(() => {});
  let last: Promise<unknown> = Promise.resolve();
  for (let i = 0; i < count; i++) {
    last.catch(() => {});
    last = writer.write({ type: "x", args: [i] });
  }
  await last;
  if (closes || count < 1000) await writer.close();
}

/** Points from which the server is silent: before its greeting, after HELLO, at each command. */
const points: readonly SilencePoint[] = ["connecting", "greeting", "HELLO", "any command"];

async function open() {
  const clock = new WallClock();
  const server = await MemoryServer.start({ clock });
  const proxy = new FaultProxy(server.transport, clock);
  // The default options, apart from the server.
  return { clock, server, proxy, options: { url: server.url, transport: proxy, clock } };
}

for (const connections of [1, 8]) {
  for (const point of points) {
    test(`silence, ${point}, ${connections} connections: calls and close end in time`, async () => {
      const took: Record<string, number> = {};
      for (const [name, call] of Object.entries(calls)) {
        const { clock, server, proxy, options } = await open();
        const producer = await Producer.connect({ ...options, connections });
        proxy.silentFrom(point);
        const maxMs = BOUNDS.call * (LARGE.includes(name) ? 2 : 1);
        const end = await settle(clock, call(producer), { maxMs, stepMs: 500 });
        assert(end !== undefined, `${name} has not ended after ${maxMs} ms`);
        assert.equal(end.status, "rejected", name);
        const { reason } = end;
        assert(reason instanceof ConnectionLostError, `${name}: ${reason}`);
        took[name] = end.tookMs;
        const closed = await settle(clock, producer.close(), { maxMs: BOUNDS.close, stepMs: 100 });
        assert.equal(closed?.status, "fulfilled", `close after ${name}`);
        await server.close();
        assert.equal(clock.pending, 0, `${name}: a timer is left`);
      }
      const longest = Math.max(...Object.values(took));
      console.log(`${Object.keys(took).length} calls, ${longest} ms at most`);
    });

    test(`silence, ${point}, ${connections} connections: close reports lost jobs`, async () => {
      const { clock, server, proxy, options } = await open();
      const producer = await Producer.connect({ ...options, connections });
      const warnings: string[] = [];
      producer.on("warning", ({ code }) => warnings.push(code));
      proxy.silentFrom(point);
      const jobs = Array.from({ length: 5 }, () => producer.enqueue("x"));
      const ends = Promise.allSettled(jobs);
      await turn();
      const closed = await settle(clock, producer.close(), { maxMs: BOUNDS.close, stepMs: 100 });
      assert(closed?.status === "fulfilled", "close has not ended");
      assert.deepEqual(closed.value, { givenUp: 5 });
      assert.deepEqual(warnings, ["CLOSE_TIMED_OUT"]);
      for (const end of await ends) {
        assert(end.status === "rejected" && end.reason instanceof ConnectionLostError);
        assert.equal(end.reason.code, "CLOSE_TIMED_OUT");
        assert.equal(end.reason.outcome, "unknown");
      }
      await assert.rejects(producer.enqueue("x"), { code: "CLOSED" });
      await server.close();
      assert.equal(clock.pending, 0, "a timer is left");
    });
  }
}

for (
  const verb of ["PUSH", "PUSHB", "INFO", "FLUSH", "QUEUE", "MUTATE", "TRACK", "BATCH"] as const
) {
  test(`a server is silent after each ${verb}: each call ends in time`, async () => {
    let [longest, pushes] = [0, 0];
    for (const [name, call] of Object.entries(calls)) {
      const { clock, server, proxy, options } = await open();
      const producer = await Producer.connect(options);
      proxy.onCommand = (sent) => void (sent === verb && pushes++);
      proxy.silentFrom(verb);
      const maxMs = BOUNDS.call * (LARGE.includes(name) ? 2 : 1);
      const end = await settle(clock, call(producer), { maxMs, stepMs: 500 });
      assert(end !== undefined, `${name} has not ended after ${maxMs} ms`);
      longest = Math.max(longest, end.tookMs);
      const closed = await settle(clock, producer.close(), { maxMs: BOUNDS.close, stepMs: 100 });
      assert.equal(closed?.status, "fulfilled", `close after ${name}`);
      await server.close();
      assert.equal(clock.pending, 0, `${name}: a timer is left`);
    }
    console.log(`${longest} ms at most, ${verb} was sent ${pushes} times`);
  });
}

test("a first connection to a silent server fails in time", async () => {
  for (const point of ["connecting", "greeting", "HELLO"] as const) {
    const { clock, server, proxy, options } = await open();
    proxy.silentFrom(point);
    const connecting = Producer.connect(options);
    const end = await settle(clock, connecting, { maxMs: BOUNDS.connect, stepMs: 100 });
    assert(end?.status === "rejected" && end.reason instanceof ConnectError, point);
    assert.equal((end.reason as ConnectError).code, "CONNECT_TIMEOUT");
    await server.close();
    assert.equal(clock.pending, 0, "a timer is left");
  }
});

test("a password function that never settles is limited, at first and later", async () => {
  const { clock, server, proxy, options } = await open();
  const forEver = () => new Promise<string>(() => {});
  const first = Producer.connect({ ...options, password: forEver });
  const end = await settle(clock, first, { maxMs: BOUNDS.connect, stepMs: 100 });
  assert(end?.status === "rejected");
  assert.equal((end.reason as ConnectError).code, "PASSWORD_UNAVAILABLE");
  let asked = 0;
  const producer = await Producer.connect({
    ...options,
    password: () => ++asked === 1 ? "x" : forEver(),
  });
  proxy.cutAll();
  await turn();
  const call = await settle(clock, producer.enqueue("x"), { maxMs: BOUNDS.call, stepMs: 500 });
  assert(call?.status === "rejected");
  assert.equal(((call.reason as Error).cause as ConnectError).code, "PASSWORD_UNAVAILABLE");
  await settle(clock, producer.close());
  await server.close();
  assert.equal(clock.pending, 0, "a timer is left");
});

test("close waits for its time limit, and a second call may shorten it", async () => {
  const { clock, server, proxy, options } = await open();
  for (const timeoutMs of [0, 1000, 60_000]) {
    const producer = await Producer.connect(options);
    proxy.silentFrom("greeting");
    producer.enqueue("x").catch(() => {});
    await turn();
    const closed = await settle(clock, producer.close({ timeoutMs }), { stepMs: 100 });
    assert(closed?.status === "fulfilled");
    assert(closed.tookMs >= timeoutMs && closed.tookMs <= timeoutMs + 200, `${closed.tookMs} ms`);
    proxy.heal();
  }
  const producer = await Producer.connect(options);
  proxy.silentFrom("greeting");
  producer.enqueue("x").catch(() => {});
  await turn();
  const first = producer.close();
  const second = await settle(clock, producer.close({ timeoutMs: 500 }), { stepMs: 100 });
  assert(second?.status === "fulfilled" && second.tookMs <= 700);
  assert.deepEqual(await first, { givenUp: 1 });
  for (const timeoutMs of [-1, NaN, "1"]) {
    await assert.rejects(producer.close({ timeoutMs: timeoutMs as number }), {
      code: "INVALID_OPTION",
    });
  }
  await server.close();
  assert.equal(clock.pending, 0, "a timer is left");
});
