import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectError, ConnectionLostError, Producer } from "../../mod.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import type { ReplyFault } from "./link.ts";
import { FaultProxy } from "./proxy.ts";
import { ReplySplitter } from "./replies.ts";
import { settle, WallClock } from "./wall_clock.ts";

async function setting(delivery: "at-least-once" | "at-most-once" = "at-least-once") {
  const clock = new WallClock();
  const server = await MemoryServer.start({ clock });
  const proxy = new FaultProxy(server.transport, clock);
  const connect = () =>
    Producer.connect({
      url: server.url,
      transport: proxy,
      clock,
      delivery,
      commandTimeoutMs: 5000,
    });
  const producer = await connect();
  return {
    clock,
    server,
    proxy,
    connect,
    producer,
    async [Symbol.asyncDispose]() {
      proxy.heal();
      assert.notEqual(await settle(clock, producer.close()), undefined);
      await server.close();
      assert.equal(clock.pending, 0, "a timer is left");
    },
  };
}

test("replies are separated correctly, however they are cut", () => {
  const text = "+OK\r\n$-1\r\n$0\r\n\r\n$7\r\na\r\nb\r\nc\r\n:12\r\n-ERR no\r\n";
  const bytes = new TextEncoder().encode(text);
  const whole = [
    "+OK\r\n",
    "$-1\r\n",
    "$0\r\n\r\n",
    "$7\r\na\r\nb\r\nc\r\n",
    ":12\r\n",
    "-ERR no\r\n",
  ];
  for (let size = 1; size <= bytes.length; size++) {
    const splitter = new ReplySplitter();
    const found: string[] = [];
    for (let i = 0; i < bytes.length; i += size) {
      for (const reply of splitter.push(bytes.slice(i, i + size))) {
        found.push(new TextDecoder().decode(reply));
      }
    }
    assert.deepEqual(found, whole);
  }
});

/**
 * Result of an enqueue whose PUSH, or its reply, has the fault: `lost` or `had`, and the number of
 * jobs on the server.
 */
const enqueues: [fault: ReplyFault, atMostOnce: ["lost" | "had", number], atLeastOnce: number][] = [
  ["cut command", ["lost", 0], 1],
  ["cut before", ["lost", 1], 2],
  ["cut within", ["lost", 1], 2],
  ["cut after", ["had", 1], 1],
  ["reset", ["lost", 1], 2],
  ["silence", ["lost", 1], 2],
  ["drip", ["had", 1], 1],
  ["delay", ["had", 1], 1],
];

for (const [fault, [result, jobs], resent] of enqueues) {
  test(`${fault}: an enqueue is ${result} at most once, and had at least once`, async () => {
    {
      await using it = await setting("at-most-once");
      it.proxy.arm(fault, { verb: "PUSH" });
      const end = await settle(it.clock, it.producer.enqueue("x"));
      assert.equal(end?.status, result === "had" ? "fulfilled" : "rejected");
      if (end?.status === "rejected") {
        assert(end.reason instanceof ConnectionLostError);
        assert.equal(end.reason.outcome, "unknown");
        assert.equal(end.reason.code, fault === "silence" ? "COMMAND_TIMEOUT" : "CONNECTION_LOST");
      }
      assert.equal(it.server.snapshot().queues["default"] ?? 0, jobs);
      assert.equal(it.proxy.counts[fault], 1);
      // In every case, the next call works.
      assert.equal((await settle(it.clock, it.producer.enqueue("y")))?.status, "fulfilled");
    }
    await using it = await setting("at-least-once");
    it.proxy.arm(fault, { verb: "PUSH" });
    assert.equal((await settle(it.clock, it.producer.enqueue("x")))?.status, "fulfilled");
    assert.equal(it.server.snapshot().queues["default"], resent);
  });

  test(`${fault}: a call that may be repeated is, and gets its answer`, async () => {
    await using it = await setting();
    it.proxy.arm(fault, { verb: "INFO" });
    const end = await settle(it.clock, it.producer.info());
    assert.equal(end?.status, "fulfilled");
    assert.equal(it.proxy.counts[fault], 1);
    // A silent connection has a third of the time limit to go on, once the server answers on
    // another.
    const leastMs = { silence: 5000 + 5000 / 3, delay: 1000 }[fault as string] ?? 0;
    assert(end.tookMs >= leastMs && end.tookMs <= leastMs + 250, `${end.tookMs} ms`);
  });
}

/** Faults of the greeting and of the reply to HELLO, with the error of the first connection. */
const handshakes: [fault: ReplyFault, verb: string, code: string | undefined][] = [
  ["cut before", "greeting", "CONNECT_FAILED"],
  ["cut within", "greeting", "CONNECT_FAILED"],
  ["cut after", "greeting", "CONNECT_FAILED"],
  ["reset", "greeting", "CONNECT_FAILED"],
  ["silence", "greeting", "CONNECT_TIMEOUT"],
  ["drip", "greeting", undefined],
  ["delay", "greeting", undefined],
  ["cut command", "HELLO", "CONNECT_FAILED"],
  ["cut before", "HELLO", "CONNECT_FAILED"],
  ["cut within", "HELLO", "CONNECT_FAILED"],
  ["reset", "HELLO", "CONNECT_FAILED"],
  ["silence", "HELLO", "CONNECT_TIMEOUT"],
  ["drip", "HELLO", undefined],
  ["too many", "HELLO", "TOO_MANY_CONNECTIONS"],
];

for (const [fault, verb, code] of handshakes) {
  test(`${fault} of ${verb}: a first connection ${code ?? "is made"}`, async () => {
    await using it = await setting();
    it.proxy.arm(fault, { verb });
    const end = await settle(it.clock, it.connect());
    assert(end !== undefined, "neither made nor failed");
    assert.equal(it.proxy.counts[fault], 1);
    if (end.status === "fulfilled") {
      assert.equal(code, undefined);
      await settle(it.clock, end.value.close());
    } else {
      assert(end.reason instanceof ConnectError, String(end.reason));
      assert.equal(end.reason.code, code);
    }
  });
}

for (const ms of [undefined, 5]) {
  const when = ms === undefined ? "at the OK" : "just after the OK";
  test(`attempts slow down if a server has too many connections ${when}`, async () => {
    await using it = await setting("at-most-once");
    let outages = 0;
    it.producer.on("disconnect", () => outages++);
    for (let i = 0; i < 100; i++) it.proxy.arm("too many", { ms });
    it.proxy.cutAll();
    const end = await settle(it.clock, it.producer.enqueue("x"), { stepMs: 1, maxMs: 60_000 });
    assert.equal(end?.status, "rejected");
    assert(end.reason instanceof ConnectionLostError);
    assert.equal(end.reason.outcome, "not-sent");
    assert.equal((end.reason.cause as ConnectError).code, "TOO_MANY_CONNECTIONS");
    assert.equal(it.proxy.counts["too many"], 10);
    assert.equal(outages, 2, "one at the begin, one at the end of the attempts");
    assert(end.tookMs >= 10_000, `${end.tookMs} ms`);
    assert.deepEqual(it.server.snapshot().queues, {});
  });
}

test("if each new connection is cut after its handshake, a call rejects in the end", async () => {
  await using it = await setting();
  for (let i = 0; i < 100; i++) it.proxy.arm("cut before", { verb: "PUSH" });
  const end = await settle(it.clock, it.producer.enqueue("x"), { maxMs: 60_000 });
  assert.equal(end?.status, "rejected");
  assert(end.reason instanceof ConnectionLostError && end.reason.outcome === "unknown");
  assert.equal(it.proxy.counts["cut before"], 11);
});

test("a refusing and then stalling server: a later attempt succeeds", async () => {
  await using it = await setting();
  it.proxy.refuse(2000);
  it.proxy.stall();
  it.proxy.cutAll();
  const end = await settle(it.clock, it.producer.enqueue("x"));
  assert.equal(end?.status, "fulfilled");
  // The stalled attempt ends after 10 seconds.
  assert(end.tookMs > 10_000 && end.tookMs < 14_000, `${end.tookMs} ms`);
  assert.equal(it.proxy.counts["stall"], 1);
});
