import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, type JobContext } from "../../mod.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { Peer } from "../connection/peer.ts";
import { jobReply, script, serve } from "./scripted.ts";
import { until } from "./setting.ts";

const forever = () => new Promise(() => {});

function codeOf(signal: AbortSignal): unknown {
  return (signal.reason as { code?: unknown } | undefined)?.code;
}

/** Returns a consumer that runs one job, whose handler never ends by itself. */
async function busy(fields: Record<string, unknown> = {}) {
  const contexts: JobContext[] = [];
  const one = await script({
    setUp: (consumer) =>
      consumer.register("x", (_job, context) => {
        contexts.push(context);
        return forever();
      }),
  });
  await one.give(jobReply("jid-jid-1", fields));
  await until(() => contexts.length === 1);
  return { ...one, signal: contexts[0]!.signal };
}

test("a stop gives jobs 25 seconds, and a quarter of a second more after their abort", async () => {
  const { stop, wait, signal, commands } = await busy();
  const stopping = stop();
  await wait(24_999);
  assert.equal(signal.aborted, false);
  await wait(1);
  assert.equal(codeOf(signal), "STOPPED");
  await wait(249);
  assert(!commands.lines.some((line) => line.startsWith("FAIL")));
  await wait(1);
  const { reason, unfinished } = await stopping;
  assert.deepEqual([reason, unfinished.map(({ jid }) => jid)], ["stopped", ["jid-jid-1"]]);
  const sent = commands.lines.filter((line) => line.startsWith("FAIL"));
  assert.equal(sent.length, 1);
  assert.match(sent[0]!, /"errtype":"JobAbortedError","message":"Job jid-jid-1 was released/);
});

test("a second stop does not wait, and a third changes nothing", async () => {
  const { stop, wait, signal, consumer, clock } = await busy();
  const stopping = stop();
  await wait(1000);
  assert.equal(signal.aborted, false);
  const second = consumer.stop();
  clock.advance(0);
  assert.equal(codeOf(signal), "STOPPED");
  // No later stop starts a new wait, whatever its grace.
  clock.advance(200);
  const others = [consumer.stop({ graceMs: 60_000 }), consumer.stop()];
  clock.advance(50);
  assert.equal((await stopping).unfinished.length, 1);
  await Promise.all([second, ...others]);
  assert.equal(consumer.state, "stopped");
  assert.equal(clock.pending, 0);
});

test("a second stop can have a grace of its own", async () => {
  const { stop, wait, signal, consumer } = await busy();
  const stopping = stop();
  void consumer.stop({ graceMs: 3000 });
  await wait(2999);
  assert.equal(signal.aborted, false);
  await wait(1);
  assert.equal(signal.aborted, true);
  await wait(250);
  await stopping;
});

test("a job that ends on its abort keeps its result, and is not returned as well", async () => {
  const { give, stop, clock, commands, consumer } = await script({
    setUp: (consumer) =>
      consumer.register(
        "x",
        (_job, { signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)),
      ),
  });
  await give(jobReply("jid-jid-1"));
  await until(() => consumer.running.length === 1);
  const { done, unfinished } = await stop({ graceMs: 0 });
  assert.deepEqual([done, unfinished], [1, []]);
  assert.equal(commands.lines[1], `ACK {"jid":"jid-jid-1"}`);
  assert.equal(clock.pending, 0);
});

test("an invalid grace is refused, and the consumer goes on", async () => {
  const { stop, consumer } = await script();
  for (const graceMs of [-1, NaN, "1"]) {
    await assert.rejects(consumer.stop({ graceMs: graceMs as number }), { code: "INVALID_OPTION" });
  }
  assert.equal(consumer.state, "running");
  await stop();
});

/** Returns a stopped consumer whose grace is over, with a FETCH in flight. */
async function impatient() {
  const one = await script({
    concurrency: 1,
    setUp: (consumer) => consumer.register("x", () => assert.fail("it ran")),
  });
  await one.fetch.received(2);
  void one.consumer.stop({ graceMs: 0 });
  one.clock.advance(300);
  return one;
}

test("a job without retries that arrives after the grace is requeued, not run", async () => {
  const { give, stop, consumer, commands, clock } = await impatient();
  const requeued: unknown[] = [];
  consumer.on("requeued", ({ job, reason }) => requeued.push([job.jid, reason]));
  await give(jobReply("jid-jid-1", { retry: 0, queue: "other", args: [7] }));
  const { done, failed, unfinished } = await stop();
  assert.deepEqual([done, failed, unfinished], [0, 0, []]);
  assert.deepEqual(requeued, [["jid-jid-1", "stopped"]]);
  const [push, ack] = commands.lines.slice(1, 3);
  const { jid, queue, args, retry, at } = JSON.parse(push!.slice("PUSH ".length));
  assert.deepEqual([jid, queue, args, retry], ["jid-jid-1", "other", [7], 0]);
  // Delayed, as the next FETCH in flight would get it, and the ACK would be for that attempt.
  assert.equal(Date.parse(at), clock.now() + 5000);
  assert.equal(ack, `ACK {"jid":"jid-jid-1"}`);
});

test("a job that arrives after a stop is returned unless that would end it", async () => {
  const failure = { retry_count: 0, remaining: 1, failed_at: "2026-01-01T00:00:00Z" };
  const cases: [fields: Record<string, unknown>, isGivenBack: boolean][] = [
    [{ retry: 1 }, true],
    // This retry is the last one, so a FAIL would kill the job.
    [{ retry: 1, failure }, false],
    [{ retry: 2, failure }, true],
    [{ retry: 0 }, false],
    [{ retry: -1 }, false],
    [{}, true],
    [{ failure: { ...failure, retry_count: 24 } }, false],
  ];
  for (const [fields, isGivenBack] of cases) {
    let runs = 0;
    const { give, stop, consumer, commands } = await script({
      setUp: (consumer) => consumer.register("x", () => void runs++),
    });
    void consumer.stop();
    await give(jobReply("jid-jid-1", fields));
    await until(() => commands.lines.length > 1);
    assert.equal(commands.lines[1]!.split(" ")[0], isGivenBack ? "FAIL" : "ACK", `${runs}`);
    const { unfinished } = await stop({ graceMs: 25_000 });
    assert.deepEqual([runs, unfinished.length], isGivenBack ? [0, 1] : [1, 0]);
  }
});

test("a stop takes effect at any moment of connecting", async () => {
  for (let turns = 0; turns < 200; turns++) {
    const consumer = new Consumer({
      url: "tcp://memory",
      concurrency: 1,
      clock: new ManualClock(),
      transport: {
        name: "memory",
        connect() {
          const peer = new Peer();
          // Fails if the consumer closes the connection during the greeting.
          peer.greet().catch(() => {});
          serve(peer, (line) => line.startsWith("FETCH") ? "$-1\r\n" : undefined);
          return Promise.resolve(peer.connection);
        },
      },
    });
    const running = consumer.run();
    for (let i = 0; i < turns; i++) await Promise.resolve();
    await consumer.stop();
    const { reason } = await running;
    assert.equal(reason, "stopped", `after ${turns} turns`);
  }
});

test("jobs enqueued without await delay a stop by 2.1 s after its grace at most", async () => {
  const contexts: JobContext[] = [];
  const { give, clock, commands, fetch, consumer, running, peers } = await script({
    reconnect: { initialMs: 10_000, maxMs: 10_000 },
    setUp: (consumer) => consumer.register("x", (_job, context) => void contexts.push(context)),
  });
  await give(jobReply("jid-jid-1"));
  await commands.received(2);
  await fetch.received(3);
  // There is no server any more, for good.
  fetch.end();
  commands.end();
  await until(() => commands.isClosed && fetch.isClosed);
  const late = assert.rejects(contexts[0]!.producer.enqueue("late"), { code: "CLOSED" });
  void consumer.stop({ graceMs: 60 });
  // The result of every job is sent by then.
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  for (const left of [60, 2099]) clock.advance(left);
  assert.equal(consumer.state, "stopping");
  clock.advance(1);
  await late;
  assert.deepEqual(await running, {
    reason: "stopped",
    done: 1,
    failed: 0,
    dead: 0,
    dropped: 0,
    unfinished: [],
    unreported: [],
  });
  assert.equal(peers.length, 2);
  assert.equal(clock.pending, 0);
});

test("a stop waits for jobs that a handler enqueued without await", async () => {
  let isHeld = true;
  const { give, stop, commands, consumer } = await script({
    answer: (line) => line.startsWith("PUSH") && isHeld ? "" : undefined,
    setUp: (consumer) =>
      consumer.register("x", (_job, { producer }) => {
        void producer.enqueue("y");
      }),
  });
  await give(jobReply("jid-jid-1"));
  await commands.received(3);
  const stopping = stop();
  assert.equal(consumer.state, "stopping");
  isHeld = false;
  commands.say("+OK\r\n");
  assert.equal((await stopping).done, 1);
});

test("quiet before the start, and while it connects, applies from the start", async () => {
  for (const moment of ["before", "while", "with other queues"]) {
    const peers: Peer[] = [];
    const consumer = new Consumer({
      url: "tcp://memory",
      concurrency: 1,
      clock: new ManualClock(),
      transport: {
        name: "memory",
        connect() {
          const peer = new Peer();
          void peer.greet();
          serve(peer);
          peers.push(peer);
          // The session applies the new queues when it is open, and must not fetch from them.
          if (moment === "with other queues") consumer.setQueues(["other"]);
          return Promise.resolve(peer.connection);
        },
      },
    });
    if (moment === "before") consumer.quiet();
    const running = consumer.run();
    if (moment !== "before") consumer.quiet();
    await until(() => consumer.state === "quiet");
    await consumer.stop();
    assert.equal((await running).reason, "stopped");
    assert.deepEqual(peers.flatMap(({ lines }) => lines.slice(1)), ["END", "END"], moment);
  }
});
