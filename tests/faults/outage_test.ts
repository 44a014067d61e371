import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, ConnectionLostError, Consumer, Producer } from "../../mod.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import type { ProducerOptions } from "../../src/producer/producer.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { FaultProxy } from "./proxy.ts";
import { settle, turn, WallClock } from "./wall_clock.ts";

async function setting(given: ProducerOptions = {}) {
  const clock = new WallClock();
  const server = await MemoryServer.start({ clock });
  const proxy = new FaultProxy(server.transport, clock);
  const options = { url: server.url, transport: proxy, clock, ...given };
  const producer = await Producer.connect(options);
  return {
    ...{ clock, server, proxy, options, producer },
    async [Symbol.asyncDispose]() {
      proxy.heal();
      await settle(clock, producer.close());
      await server.close();
      assert.equal(clock.pending, 0, "a timer is left");
    },
  };
}

async function outage(proxy: FaultProxy, ms = Infinity): Promise<void> {
  proxy.restart(ms);
  await turn();
}

function isTooMany(error: unknown): boolean {
  return error instanceof ConnectionLostError && error.code === "TOO_MANY_WAITING" &&
    error.outcome === "not-sent";
}

test("the maximum number of calls waits for a connection, and one more is refused", async () => {
  await using it = await setting({ maxWaiting: 100 });
  await outage(it.proxy, 1000);
  const waiting = Array.from({ length: 100 }, (_, i) => it.producer.enqueue("x", [i]));
  await assert.rejects(it.producer.enqueue("x"), isTooMany);
  await assert.rejects(it.producer.info(), isTooMany);
  await assert.rejects(it.producer.enqueueMany([{ type: "x" }]), isTooMany);
  const end = await settle(it.clock, Promise.all(waiting));
  assert.equal(end?.status, "fulfilled");
  assert.equal(it.server.snapshot().queues["default"], 100);
  assert.equal((await settle(it.clock, it.producer.enqueue("x")))?.status, "fulfilled");
});

test("with a connection, any number of calls may be in flight", async () => {
  await using it = await setting({ maxWaiting: 1 });
  const all = Promise.all(Array.from({ length: 5000 }, () => it.producer.enqueue("x")));
  assert.equal((await settle(it.clock, all))?.status, "fulfilled");
});

test("the default is 10000 waiting calls, and invalid numbers are refused", async () => {
  {
    await using it = await setting();
    await outage(it.proxy, 1000);
    const waiting = Array.from({ length: 10_000 }, () => it.producer.enqueue("x"));
    await assert.rejects(it.producer.enqueue("x"), isTooMany);
    assert.equal((await settle(it.clock, Promise.all(waiting)))?.status, "fulfilled");
  }
  for (const maxWaiting of [0, -1, 1.5, Infinity, "10"]) {
    await assert.rejects(
      Producer.connect({ maxWaiting: maxWaiting as number }),
      (error) => error instanceof ConfigError && error.code === "INVALID_OPTION",
    );
  }
});

test("an enqueue waits while attempts go on, and then rejects as not sent", async () => {
  await using it = await setting();
  await outage(it.proxy);
  const end = await settle(it.clock, it.producer.enqueue("x"));
  assert.equal(end?.status, "rejected");
  assert(end.reason instanceof ConnectionLostError && end.reason.outcome === "not-sent");
  // Ten attempts, with waits that double from 100 ms up to 5 s, each shorter by up to a half.
  assert(end.tookMs >= 10_000 && end.tookMs <= 27_000, `${end.tookMs} ms`);
  assert.equal(it.proxy.counts["refuse"], 10);
});

test("a signal aborts a call that waits for a connection, and it is not sent later", async () => {
  await using it = await setting();
  await outage(it.proxy, 1000);
  const stop = new AbortController();
  const { signal } = stop;
  const kept = it.producer.enqueue("kept");
  const off = ["one", "two", "three"].map((type) => it.producer.enqueue(type, [], { signal }));
  const more = it.producer.enqueue("kept");
  const many = it.producer.enqueueMany([{ type: "many" }, { type: "many" }], { signal });
  await turn();
  stop.abort(new Error("enough"));
  for (const promise of [...off, many]) await assert.rejects(promise, { message: "enough" });
  assert.equal((await settle(it.clock, Promise.all([kept, more])))?.status, "fulfilled");
  assert.equal(it.server.snapshot().queues["default"], 2);
  // Aborted calls make room at once.
  assert.equal((await settle(it.clock, it.producer.close()))?.status, "fulfilled");
});

test("aborted calls make room for others", async () => {
  await using it = await setting({ maxWaiting: 10 });
  await outage(it.proxy, 1000);
  const stop = new AbortController();
  const { signal } = stop;
  const off = Array.from({ length: 10 }, () => it.producer.enqueue("off", [], { signal }));
  await assert.rejects(it.producer.enqueue("x"), isTooMany);
  stop.abort();
  await Promise.allSettled(off);
  const end = await settle(it.clock, it.producer.enqueue("x"));
  assert.equal(end?.status, "fulfilled");
  assert.equal(it.server.snapshot().queues["default"], 1);
});

test("a stop without a server ends in time, even with an expired job", async () => {
  await using it = await setting();
  const consumer = new Consumer({ ...it.options, concurrency: 1 });
  let isBegun = false;
  consumer.register("x", async (_job, { producer }) => {
    await new Promise<void>((resolve) => {
      isBegun = true;
      it.clock.after(5000, resolve);
    });
    await producer.enqueue("y");
  });
  await it.producer.enqueue("x", [], { reserveFor: 60 });
  const running = consumer.run();
  while (!isBegun) await turn();
  await outage(it.proxy);
  let isExpired = false;
  consumer.on("expired", () => isExpired = true);
  while (!isExpired) {
    it.clock.advance(1000);
    await turn();
  }
  const end = await settle(it.clock, consumer.stop());
  assert(end !== undefined && end.tookMs <= 27_500, "it does not end in time");
  await running;
});

test("a run ends if a connection is lost for good while others are being opened", async () => {
  await using it = await setting();
  let connections = 0;
  const transport: Transport = {
    name: "cut while connecting",
    async connect(...args) {
      // The second one is for FETCH. The first one, for other commands, is gone by then.
      if (++connections === 2) {
        it.proxy.cutAll();
        await turn();
      }
      return await it.proxy.connect(...args);
    },
  };
  const { server: { url }, clock } = it;
  const consumer = new Consumer({ url, clock, transport, connections: 2, reconnect: false });
  const end = await settle(it.clock, consumer.run(), { maxMs: 60_000 });
  assert.equal(end?.status, "rejected", "it runs on, and can tell the server nothing");
  assert(end.reason instanceof ConnectionLostError);
});

test("a job that arrives after a long outage has its whole reservation time", async () => {
  await using it = await setting();
  const consumer = new Consumer({ ...it.options, concurrency: 1 });
  const ends: string[] = [];
  consumer.register("x", () => {});
  for (const event of ["done", "expired", "unreported"] as const) {
    consumer.on(event, () => ends.push(event));
  }
  const running = consumer.run();
  while (it.server.snapshot().waiting === 0) await turn();
  await outage(it.proxy, 120_000);
  // The next FETCH waits for a connection, and the job for the FETCH.
  const direct = await Producer.connect({ ...it.options, transport: it.server.transport });
  await settle(it.clock, direct.enqueue("x", [], { reserveFor: 60 }));
  await settle(it.clock, direct.close());
  for (let i = 0; i < 130; i++) {
    it.clock.advance(1000);
    await turn();
  }
  assert.deepEqual(ends, ["done"]);
  assert.equal(it.server.snapshot().working, 0);
  await settle(it.clock, consumer.stop());
  await running;
});
