import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionLostError, type JobInput } from "../../mod.ts";
import { GrowingSetting, turn } from "./growing_setting.ts";

/** Returns a pool that has grown to its maximum, with calls in flight on each connection. */
async function grown(options: Parameters<typeof GrowingSetting.open>[0] = {}) {
  const setting = await GrowingSetting.open(options);
  const calls = setting.callers(100);
  for (let round = 0; round < 60; round++) await setting.slowRound();
  return { setting, calls };
}

test("while calls wait for the server, a producer opens more connections, up to 8", async () => {
  const { setting, calls } = await grown();
  assert.equal(setting.open, 8);
  // Callers are spread over all connections.
  await turn();
  const sizes = setting.peers.map((_, i) => setting.sizes(i));
  assert.deepEqual(sizes.map(({ length }) => length), Array(8).fill(1), `${sizes}`);
  await calls.stop();
  for (let i = 0; i < 100; i++) await setting.slowRound();
  assert.equal(setting.attempts, 8);
});

test("the batches of a stream stay large on many connections, and all are sent", async () => {
  const setting = await GrowingSetting.open();
  const writer = setting.producer.writable().getWriter();
  let isOver = false;
  const writing = (async () => {
    while (!isOver) {
      await writer.ready;
      await writer.write({ type: "x" });
    }
    await writer.close();
  })();
  for (let round = 0; round < 60; round++) await setting.slowRound();
  assert.equal(setting.open, 8);
  // One connection answers at a time, like a server that is busy with several.
  const sizes: number[] = [];
  for (let round = 0; round < 200; round++) {
    const index = round % 8;
    sizes.push(...setting.sizes(index));
    setting.answer(index);
    await turn();
    await setting.pass(1);
  }
  const sum = sizes.reduce((all, size) => all + size, 0);
  assert(sum / sizes.length >= 50, `${sum / sizes.length} jobs in a PUSHB`);
  isOver = true;
  let hasEnded = false;
  void writing.then(() => hasEnded = true);
  for (let round = 0; round < 50 && !hasEnded; round++) await setting.slowRound(1);
  await writing;
});

test("no connection gets more than its share of a stream", async () => {
  const setting = await GrowingSetting.open();
  let isOver = false;
  const jobs = new ReadableStream<JobInput>({
    pull: (controller) => isOver ? controller.close() : controller.enqueue({ type: "x" }),
  });
  let hasEnded = false;
  const piping = jobs.pipeTo(setting.producer.writable()).then(() => hasEnded = true);
  for (let round = 0; round < 60; round++) await setting.slowRound();
  assert.equal(setting.open, 8);
  // The writes end in a later turn, as those of sockets do.
  for (const peer of setting.peers) {
    Object.defineProperty(peer, "hold", { get: turn });
  }
  const busy: number[] = [];
  for (let round = 0; round < 100; round++) {
    setting.answer(round % 8);
    for (let i = 0; i < 3; i++) await turn();
    busy.push(setting.peers.filter(({ lines }) => lines.length > 0).length);
    const sizes = setting.peers.map((_, i) => setting.sizes(i).reduce((sum, one) => sum + one, 0));
    assert(Math.max(...sizes) <= 250, `${sizes}`);
  }
  assert(busy.filter((count) => count === 8).length > 80, `${busy}`);
  isOver = true;
  for (let round = 0; round < 100 && !hasEnded; round++) await setting.slowRound(1);
  await piping;
});

test("a connection with many commands in flight opens others, if each reply takes long", async () => {
  const setting = await GrowingSetting.open();
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < 100; i++) calls.push(setting.producer.command("PUSHB", "[]"));
  // A reply each millisecond, 100 ms after its command.
  for (let ms = 0; ms < 300; ms++) {
    const peer = setting.peers[0]!;
    if (peer.lines.shift() !== undefined) peer.say("$2\r\n{}\r\n");
    calls.push(setting.producer.command("PUSHB", "[]"));
    await setting.pass(1);
  }
  assert(setting.open > 1);
  for (let round = 0; round < 10; round++) await setting.slowRound(1);
  await Promise.all(calls);
});

test("a slow source fills the commands on a single connection, if much is in flight", async () => {
  const setting = await GrowingSetting.open({ connections: 1 });
  const writer = setting.producer.writable().getWriter();
  for (let job = 0; job < 600; job++) {
    void writer.write({ type: "x" });
    await turn();
  }
  const sizes = setting.sizes(0);
  assert(sizes.length < 200, `${sizes.length} commands for 600 jobs`);
  const closing = writer.close();
  let hasEnded = false;
  void closing.then(() => hasEnded = true);
  for (let round = 0; round < 50 && !hasEnded; round++) await setting.slowRound(1);
  await closing;
});

test("`connections` is the maximum", async () => {
  const { setting, calls } = await grown({ connections: 3 });
  assert.equal(setting.open, 3);
  await calls.stop();
});

test("one connection is enough for few calls, and for a server that answers at once", async () => {
  for (const [count, ms] of [[1, 5], [15, 5], [100, 0]] as const) {
    const setting = await GrowingSetting.open();
    const calls = setting.callers(count);
    for (let round = 0; round < 100; round++) await setting.slowRound(ms);
    assert.equal(setting.attempts, 1, `${count} calls`);
    await calls.stop();
  }
});

test("a server that pauses at times gets no more connections", async () => {
  const setting = await GrowingSetting.open();
  const calls = setting.callers(100);
  for (let round = 0; round < 100; round++) await setting.slowRound(round % 20 === 0 ? 20 : 0);
  assert.equal(setting.attempts, 1);
  await calls.stop();
});

test("connections without work are closed after 10 seconds, except one", async () => {
  const { setting, calls } = await grown();
  await calls.stop();
  await setting.pass(5000);
  assert.equal(setting.open, 8);
  for (let i = 0; i < 3; i++) {
    const lone = setting.producer.enqueue("x");
    await setting.pass(2500);
    setting.answer();
    await lone;
  }
  assert.equal(setting.open, 1);
  const closing = setting.producer.close();
  await turn();
  setting.answer();
  await closing;
  assert.equal(setting.clock.pending, 0, "a timer is left");
});

test("if one connection is lost, others resend its commands without an outage", async () => {
  const { setting, calls } = await grown();
  const events: string[] = [];
  setting.producer.on("disconnect", () => events.push("disconnect"));
  await turn();
  const [lost] = setting.peers;
  const jids = lost!.lines.flatMap((line) => line.match(/"jid":"[^"]+"/g) ?? []);
  assert(jids.length > 0);
  lost!.end();
  await turn();
  const others = setting.peers.slice(1).flatMap(({ lines }) => lines).join();
  for (const jid of jids) assert(others.includes(jid), jid);
  await setting.pass(100);
  assert.deepEqual(events, []);
  await calls.stop();
});

test("at-most-once, unanswered jobs of a lost connection are unknown, others go on", async () => {
  const { setting, calls } = await grown({ delivery: "at-most-once" });
  await turn();
  const counts = setting.peers.map((_, i) => setting.sizes(i).reduce((sum, size) => sum + size, 0));
  const unknown: unknown[] = [];
  const call = setting.producer.enqueue("one more");
  call.catch((error) => unknown.push(error));
  await turn();
  const index = setting.peers.findIndex(({ lines }) => lines.some((line) => /one more/.test(line)));
  const before = setting.peers.flatMap(({ lines }) => lines).length;
  setting.peers[index]!.end();
  await turn();
  assert(counts.every((count) => count > 0), `${counts}`);
  assert(unknown[0] instanceof ConnectionLostError && unknown[0].outcome === "unknown");
  // The calls whose jobs were lost have ended, and nothing was sent again.
  assert.equal(setting.peers.flatMap(({ lines }) => lines).length, before);
  await calls.stop();
});

test("losing all connections is one outage, and one connection resends everything", async () => {
  const { setting, calls } = await grown();
  const outages: number[] = [];
  let retryInMs: number | undefined;
  const recoveries: number[] = [];
  setting.producer.on("disconnect", (outage) => {
    outages.push(outage.connections);
    retryInMs = outage.retryInMs;
  });
  setting.producer.on("reconnect", ({ connections }) => recoveries.push(connections));
  await turn();
  for (const peer of [...setting.peers]) peer.end();
  await turn();
  await setting.pass(50);
  assert.deepEqual(outages, [8]);
  assert(retryInMs! >= 50 && retryInMs! <= 100, `${retryInMs}`);
  const info = (line: string) => line === "INFO" ? "$2\r\n{}\r\n" : undefined;
  setting.connects = "open";
  await setting.pass(100);
  await turn();
  const again = setting.peers.at(-1)!;
  assert.equal(setting.attempts, 9);
  assert.deepEqual(again.lines, ["INFO"]);
  again.lines.length = 0;
  again.say(info("INFO")!);
  await turn();
  assert.deepEqual(recoveries, [8]);
  const jobs = setting.sizes(setting.peers.length - 1).reduce((sum, size) => sum + size, 0);
  assert.equal(jobs, 100);
  await calls.stop();
});

test("failing to open another connection is no error, and is not retried at once", async () => {
  const setting = await GrowingSetting.open();
  setting.connects = "fail";
  const calls = setting.callers(100);
  for (let round = 0; round < 100; round++) await setting.slowRound();
  assert.equal(setting.attempts, 2);
  setting.connects = "open";
  await setting.pass(10_000);
  setting.answer();
  for (let round = 0; round < 60; round++) await setting.slowRound();
  assert.equal(setting.open, 8);
  await calls.stop();
});

test("a server with too many connections is not asked for more for a while", async () => {
  const setting = await GrowingSetting.open();
  const calls = setting.callers(100);
  while (setting.peers.length < 2) await setting.slowRound();
  const refused = setting.peers[1]!;
  refused.say("-ERR too many connections\r\n");
  refused.end();
  for (let round = 0; round < 100; round++) await setting.slowRound();
  assert.equal(setting.attempts, 2);
  await calls.stop();
});

test("close ends a connection that is being opened", async () => {
  for (const connects of ["hang", "fail"] as const) {
    const setting = await GrowingSetting.open();
    setting.connects = connects;
    const calls = setting.callers(100);
    while (setting.attempts < 2) await setting.slowRound();
    await calls.stop();
    const closing = setting.producer.close();
    await turn();
    setting.answer();
    assert.deepEqual(await closing, { givenUp: 0 });
    assert.equal(setting.clock.pending, 0, "a timer is left");
  }
});

test("close rejects unanswered calls while connections are opened and lost", async () => {
  const { setting } = await grown();
  await turn();
  setting.peers[0]!.end();
  const closing = setting.producer.close({ timeoutMs: 100 });
  await turn();
  await setting.pass(100);
  assert.equal((await closing).givenUp, 100);
  assert.equal(setting.open, 0);
  assert.equal(setting.clock.pending, 0, "a timer is left");
});

test("a call after an answered call is sent after it, on any connection", async () => {
  const { setting, calls } = await grown();
  const order: string[] = [];
  for (const peer of setting.peers) {
    peer.onLine = (line) => {
      for (const [type] of line.match(/first|second|QUEUE PAUSE/g)?.entries() ?? []) {
        order.push(line.match(/first|second|QUEUE PAUSE/g)![type]!);
      }
    };
  }
  const rounds = (async () => {
    for (let i = 0; i < 10; i++) {
      await setting.producer.enqueue("first");
      await setting.producer.enqueueMany([{ type: "second" }, { type: "second" }]);
      await setting.producer.queues.pause("q");
    }
  })();
  let isOver = false;
  void rounds.then(() => isOver = true);
  while (!isOver) await setting.slowRound(1);
  const expected = Array(10).fill(["first", "second", "second", "QUEUE PAUSE"]).flat();
  assert.deepEqual(order, expected);
  await calls.stop();
});

test("ordered: one connection, and all calls in order, awaited or not", async () => {
  const setting = await GrowingSetting.open({ ordered: true });
  const { producer } = setting;
  const calls: Promise<unknown>[] = [];
  const expected: string[] = [];
  for (let i = 0; i < 40; i++) {
    for (let k = 0; k < i; k++) {
      calls.push(producer.enqueue(`job-${i}-${k}`));
      expected.push(`job-${i}-${k}`);
    }
    calls.push(producer.queues.pause(`q${i}`));
    expected.push(`q${i}`);
  }
  const lines: string[] = [];
  setting.peers[0]!.onLine = (line) => lines.push(line);
  let isOver = false;
  const all = Promise.all(calls).then(() => isOver = true);
  while (!isOver) await setting.slowRound();
  await all;
  // With the key before it, as a jid may contain a q and a digit.
  const sent = lines.join().match(/(?<="jobtype":")job-\d+-\d+|(?<=PAUSE )q\d+/g);
  assert.deepEqual(sent, expected);
  assert.equal(setting.attempts, 1);
});

test("ordered and several connections exclude each other", async () => {
  await assert.rejects(GrowingSetting.open({ ordered: true, connections: 2 }), {
    code: "INVALID_OPTION",
    message: /connections/,
  });
  await assert.rejects(GrowingSetting.open({ ordered: 1 as never }), { code: "INVALID_OPTION" });
});

test("when replies are fast again, connections close under load without a loss", async () => {
  const { setting, calls } = await grown({ connections: 3 });
  const events: string[] = [];
  setting.producer.on("disconnect", () => events.push("disconnect"));
  assert.equal(setting.open, 3);
  for (let round = 0; round < 9000 && setting.open > 1; round++) await setting.slowRound(0);
  assert.equal(setting.open, 1);
  await calls.stop();
  assert.deepEqual(events, []);
});
