import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, FaktoryError, type Job, Kill, Producer, RetryAfter } from "../../mod.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { namesOf, orderOf } from "../../src/consumer/fetch/order.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import { RecordingTransport } from "./recording.ts";

/**
 * Texts that would be another command, more words, or the end of something, if they were not
 * checked.
 */
const HOSTILE = [
  "x\r\nFLUSH",
  "x\nFLUSH\n",
  "x\rFLUSH\r",
  "x\r\nQUEUE REMOVE *\r\n",
  "\r\nFLUSH\r\nlonger-than-8",
  "default FLUSH",
  " ",
  "\t",
  "*",
  "\0",
  "x\0\r\nFLUSH\0",
  '"}\r\nFLUSH\r\nPUSH {"x":"',
  '","jobtype":"other","x":"',
  "\u2028FLUSH\u2029",
  "\u0085FLUSH",
  "\u010aFLUSH\u010d",
  "\ud80aFLUSH",
  "x".repeat(10_000) + "\nFLUSH",
];

const day = new Date("2030-01-01T00:00:00Z");

/** All methods that take a text, with the commands that each one sends if it sends any. */
const CALLS: Record<
  string,
  readonly [verbs: readonly string[], call: (producer: Producer, text: string) => Promise<unknown>]
> = {
  "a job's type": [["PUSH"], (producer, text) => producer.enqueue(text)],
  "a job's jid": [["PUSH"], (producer, text) => producer.enqueue("t", [], { jid: text })],
  "a job's queue": [["PUSH"], (producer, text) => producer.enqueue("t", [], { queue: text })],
  "a job's args": [["PUSH"], (producer, text) => producer.enqueue("t", [text, { [text]: text }])],
  "a job's custom": [
    ["PUSH"],
    (producer, text) => producer.enqueue("t", [], { custom: { [text]: text, note: text } }),
  ],
  "a job's property": [
    ["PUSH"],
    (producer, text) => producer.enqueue({ type: "t", [text]: text } as never),
  ],
  "a job's toJSON": [
    ["PUSH"],
    (producer, text) => producer.enqueue("t", [{ toJSON: () => text }]),
  ],
  "many jobs": [
    ["PUSHB"],
    (producer, text) => producer.enqueueMany([{ type: text }, { type: "t", args: [text] }]),
  ],
  "a stream's job": [["PUSH"], async (producer, text) => {
    const writer = producer.writable().getWriter();
    writer.closed.catch(() => {});
    const written = writer.write({ type: text, args: [text], queue: text });
    await Promise.all([written, writer.close()]);
  }],
  "a queue to pause": [["QUEUE PAUSE 1"], (producer, text) => producer.queues.pause(text)],
  "queues to pause": [["QUEUE PAUSE 2"], (producer, text) => producer.queues.pause(["q", text])],
  "a queue to resume": [["QUEUE RESUME 1"], (producer, text) => producer.queues.resume(text)],
  "queues to remove": [["QUEUE REMOVE 2"], (producer, text) => producer.queues.remove(["q", text])],
  "a queue to measure": [["QUEUE LATENCY 1"], (producer, text) => producer.queues.latency(text)],
  "jids of a filter": [
    ["MUTATE", "MUTATE"],
    (producer, text) => producer.sets.retries.discard({ jids: ["plain-jid", text] }),
  ],
  "a filter's type": [["MUTATE"], (producer, text) => producer.sets.dead.requeue({ type: text })],
  "a filter's pattern": [
    ["MUTATE"],
    (producer, text) => producer.sets.dead.kill({ pattern: `*${text}x*` }),
  ],
  "a filter's key": [
    ["MUTATE"],
    (producer, text) => producer.sets.dead.kill({ [text]: text } as never),
  ],
  "a tracked job": [["TRACK GET 1"], (producer, text) => producer.tracking.get(text)],
  "progress of a job": [["TRACK SET"], (producer, text) => producer.tracking.set({ jid: text })],
  "progress in words": [
    ["TRACK SET"],
    (producer, text) => producer.tracking.set({ jid: "canary-jid", text, percent: 1 }),
  ],
  "a batch's id": [["BATCH STATUS 1"], (producer, text) => producer.batches.status(text)],
  "a batch's id, to open it": [
    ["BATCH OPEN 1", "BATCH COMMIT 1"],
    (producer, text) => producer.batches.reopen(text, () => {}),
  ],
  "a batch's description and callbacks": [
    ["BATCH NEW", "PUSH", "BATCH COMMIT 1"],
    (producer, text) =>
      producer.batches.open(
        { description: text, success: { type: text, args: [text], custom: { [text]: text } } },
        async (batch) => void await batch.enqueue(text, [text]),
      ),
  ],
  "a batch's parent": [
    ["BATCH NEW", "BATCH COMMIT 1"],
    (producer, text) =>
      producer.batches.open({ parentBid: text, complete: { type: "t" } }, () => {}),
  ],
};

async function setting() {
  const clock = new ManualClock(Date.now());
  const server = await MemoryServer.start({ edition: "enterprise", clock });
  const transport = new RecordingTransport(server.transport);
  return { server, clock, transport, options: { url: server.url, transport, clock } };
}

test("no text for a producer becomes another command", async () => {
  const { server, transport, options } = await setting();
  const producer = await Producer.connect(options);
  const canary = { type: "canary", jid: "canary-jid", at: day, queue: "canary" };
  await producer.enqueue(canary);
  transport.take();
  let calls = 0;
  let refused = 0;
  for (const [name, [verbs, call]] of Object.entries(CALLS)) {
    for (const text of HOSTILE) {
      calls++;
      const error = await call(producer, text).then(() => undefined, (error) => error);
      const sent = transport.take();
      const context = `${name}, ${JSON.stringify(text.slice(-40))}: ${sent} ${error}`;
      if (error !== undefined) assert(error instanceof FaktoryError, context);
      if (error !== undefined && sent.length === 0) refused++;
      // The sent commands are the first of the expected ones.
      assert.deepEqual(sent, verbs.slice(0, sent.length), context);
      assert(error !== undefined || sent.length > 0 || name === "many jobs", context);
    }
  }
  console.log(`${calls} calls, ${refused} refused before anything was sent`);
  assert(refused > 100 && refused < calls / 2 + 100);
  assert.equal(server.snapshot().scheduled, 1, "the canary is gone");
  await producer.close();
  await server.close();
});

test("no text for a consumer becomes another command", async () => {
  for (const text of HOSTILE) {
    const { server, clock, transport, options } = await setting();
    const long = text.padEnd(8, "x");
    const consumer = new Consumer({
      ...options,
      wid: long,
      hostname: text,
      labels: [text, text],
      concurrency: 1,
      connections: 2,
    });
    const producer = await Producer.connect({ ...options, transport: server.transport });
    const [type, jid] = [
      text.isWellFormed() ? text : "ill-formed",
      `${text.toWellFormed()}-${"j".repeat(8)}`,
    ];
    await producer.enqueue(type, [type], { jid, backtrace: 5, custom: { track: 1 } });
    consumer.register(type, async (_job: Job, { attempt, progress }) => {
      if (attempt === 1) await progress(1, text);
      if (attempt === 1) {
        throw Object.assign(new Error(text), { name: text, stack: `${text}\n at x` });
      }
      if (attempt === 2) throw new RetryAfter(1, text);
      throw new Kill(text);
    });
    for (let i = 0; i < 3; i++) {
      await consumer.runOne();
      await producer.sets.retries.requeue({ all: true });
      await producer.sets.scheduled.requeue({ all: true });
    }
    assert.equal(server.snapshot().dead, 1, JSON.stringify(text));
    const sent = transport.take();
    assert.deepEqual(
      sent.filter((verb) => verb !== "HELLO" && verb !== "END"),
      [
        "FETCH 1",
        "TRACK SET",
        "FAIL",
        "FETCH 1",
        "INFO",
        "PUSH",
        "ACK",
        "FETCH 1",
        "FAIL",
        "MUTATE",
      ],
      JSON.stringify(text),
    );
    await producer.close();
    await server.close();
    assert.equal(clock.pending, 0);
  }
});

test("no queue name from a consumer's options or a server is more than one word", async () => {
  const { server, transport, options } = await setting();
  for (const text of HOSTILE.filter((text) => text !== "*")) {
    for (const queues of [[text], { [text]: 1 }, ["q", text]]) {
      assert.throws(() => new Consumer({ ...options, queues }), { code: "INVALID_QUEUE" });
    }
    const limits = { queues: { [text]: { concurrency: 1 } } };
    assert.throws(() => new Consumer({ ...options, limits } as never), FaktoryError);
    const chosen = orderOf(() => [text]);
    chosen.update({});
    assert.throws(() => chosen.next(), { code: "INVALID_QUEUE" });
    assert.deepEqual(namesOf(["*"], { [text]: 1, sound: 1 }), ["sound"]);
  }
  assert.deepEqual(transport.take(), []);
  await server.close();
});

test("passwords and user names only become part of HELLO", async () => {
  for (const text of HOSTILE) {
    if (text === "\ud80aFLUSH") continue;
    const server = await MemoryServer.start({ password: text });
    const transport = new RecordingTransport(server.transport);
    const url = server.url.replace("tcp://:", `tcp://${encodeURIComponent(text)}:`);
    const producer = await Producer.connect({ url, transport });
    assert.deepEqual(transport.take(), ["HELLO"]);
    await producer.close();
    await server.close();
  }
});
