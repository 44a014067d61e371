import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Consumer,
  EnterpriseOnlyError,
  type Handler,
  JobAbortedError,
  type JobContext,
  type Logger,
} from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { LOG_LEVELS } from "../../src/consumer/logger.ts";
import { pass, start, until } from "./setting.ts";
import { jobReply, script } from "./scripted.ts";

/** Returns a handler that records its context and ends when `finish` resolves. */
function held() {
  const contexts: JobContext[] = [];
  const finish = deferred<void>();
  const handler: Handler = (_job, context) => {
    contexts.push(context);
    return finish.promise;
  };
  return { contexts, finish, handler };
}

function codeOf(signal: AbortSignal): string | undefined {
  const reason: unknown = signal.reason;
  if (reason === undefined) return undefined;
  assert(reason instanceof JobAbortedError, String(reason));
  return reason.code;
}

for (
  const [name, ofType, ofJob, afterMs] of [
    ["its type's", 3000, undefined, 3000],
    ["its own, though its type's is longer", 3000, 1000, 1000],
    ["its own, though its type's is shorter", 3000, 5000, 5000],
    ["its own, where its type has none", undefined, 2000, 2000],
    ["its type's, where its own is none", 3000, -1, 3000],
    ["its type's, where its own is no number", 3000, "7", 3000],
  ] as const
) {
  test(`a job is aborted at its time limit: ${name}`, async () => {
    const { contexts, finish, handler } = held();
    const { give, stop, clock } = await script({
      setUp: (consumer) => consumer.register("x", handler, { timeoutMs: ofType }),
    });
    await give(jobReply("jid-jid-1", { custom: { timeoutMs: ofJob } }));
    await until(() => contexts.length === 1);
    const { signal } = contexts[0]!;
    clock.advance(afterMs - 1);
    assert.equal(signal.aborted, false);
    clock.advance(1);
    assert.equal(codeOf(signal), "TIMED_OUT");
    assert.match(String(signal.reason), /jid-jid-1 took longer than \d000 ms/);
    finish.resolve();
    assert.equal((await stop()).done, 1);
    assert.equal(clock.pending, 0);
  });
}

test("a handler that ends on abort fails with the reason, and is retried", async () => {
  const { give, stop, clock, commands, consumer } = await script({
    setUp: (consumer) => consumer.register("x", wait, { timeoutMs: 10 }),
  });
  function wait(_job: unknown, { signal }: JobContext) {
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  }
  const errors: unknown[] = [];
  consumer.on("fail", ({ error }) => errors.push(error));
  await give(jobReply("jid-jid-1"));
  await until(() => consumer.running.length === 1);
  clock.advance(10);
  await commands.received(2);
  assert.match(commands.lines[1]!, /^FAIL \{"jid":"jid-jid-1","errtype":"JobAbortedError"/);
  assert.equal((errors[0] as JobAbortedError).code, "TIMED_OUT");
  await stop();
});

test("a reservation's end and a hard stop abort with reasons; the first one stays", async () => {
  const { contexts, handler } = held();
  const { give, stop, wait, clock, consumer } = await script({
    concurrency: 2,
    setUp: (consumer) => consumer.register("x", handler),
  });
  await give(jobReply("jid-jid-1", { reserve_for: 60 }));
  await give(jobReply("jid-jid-2", { reserve_for: 600 }));
  await until(() => consumer.running.length === 2);
  const [first, second] = contexts as [JobContext, JobContext];
  const ofFirst = first.signal;
  await wait(59_000);
  assert.equal(codeOf(ofFirst), "RESERVATION_EXPIRED");
  const stopping = stop({ graceMs: 0 });
  // The signal is read after the abort, and is aborted all the same.
  assert.equal(codeOf(second.signal), "STOPPED");
  assert.equal(codeOf(first.signal), "RESERVATION_EXPIRED");
  await until(() => consumer.state === "stopping");
  clock.advance(250);
  const { unfinished } = await stopping;
  assert.deepEqual(unfinished.map(({ jid }) => jid), ["jid-jid-2"]);
  assert.equal(clock.pending, 0);
});

test("progress is sent, awaited or not, also by destructured functions", async () => {
  const replies: unknown[] = [];
  const { give, stop, commands } = await script({
    setUp: (consumer) =>
      consumer.register("x", async (_job, { progress }) => {
        replies.push(await progress(0), await progress(50, "half way"));
        void progress(100);
      }),
  });
  await give(jobReply("jid-jid-1"));
  await commands.received(5);
  assert.deepEqual(commands.lines.slice(1, 5).sort(), [
    `ACK {"jid":"jid-jid-1"}`,
    `TRACK SET {"jid":"jid-jid-1","percent":0}`,
    `TRACK SET {"jid":"jid-jid-1","percent":100}`,
    `TRACK SET {"jid":"jid-jid-1","percent":50,"desc":"half way"}`,
  ]);
  assert.deepEqual(replies, [true, true]);
  await stop();
});

test("progress that cannot be sent rejects, and does no harm if not awaited", async () => {
  const code = "INVALID_ARGUMENT";
  const { give, stop, commands } = await script({
    answer: (line) => line.startsWith("TRACK") ? "-ERR the store is full\r\n" : undefined,
    setUp: (consumer) =>
      consumer.register("x", async (_job, { progress, extend }) => {
        void progress(101);
        void progress(7);
        void extend(-1);
        for (const percent of [-1, 101, 33.3, NaN, "50", undefined]) {
          await assert.rejects(progress(percent as never), { code });
        }
        await assert.rejects(progress(50, 7 as never), { code });
        for (const seconds of [0, -1, NaN, Infinity, 86_401, "60", undefined]) {
          await assert.rejects(extend(seconds as never), { code });
        }
        await assert.rejects(progress(50), { code: "SERVER_ERROR" });
        await assert.rejects(extend(50), { code: "SERVER_ERROR" });
      }),
  });
  await give(jobReply("jid-jid-1"));
  await commands.received(5);
  assert.equal(commands.lines[4], `ACK {"jid":"jid-jid-1"}`);
  await stop();
});

test("a free server supports no progress: always false, and one warning a run", async () => {
  await using setting = await start();
  const { server, producer } = setting;
  const consumer = new Consumer({ url: server.url, concurrency: 1 });
  const warnings: { code: string; message: string }[] = [];
  consumer.on("warning", (warning) => warnings.push(warning));
  const replies: boolean[] = [];
  consumer.register("x", async (_job, { progress, extend }) => {
    void progress(1);
    void extend(100);
    replies.push(await progress(50, "half way"), await extend(60));
  });
  await producer.enqueueMany([{ type: "x" }, { type: "x" }]);
  const before = (await producer.info()).server.commandCount;
  assert.equal((await consumer.run({ maxJobs: 2 })).done, 2);
  assert.deepEqual(replies, [false, false, false, false]);
  assert.equal(warnings.length, 1);
  assert.equal(warnings[0]!.code, new EnterpriseOnlyError("", "ENTERPRISE_ONLY").code);
  assert.match(warnings[0]!.message, /does not store the progress/);
  // FETCH and ACK of each job, the TRACKs that were in flight together, two ENDs, INFO.
  const sent = (await producer.info()).server.commandCount - before;
  assert(sent <= 2 * 2 + 3 + 2 + 1, `${sent} commands`);
  await producer.enqueue("x");
  await consumer.run({ maxJobs: 1 });
  assert.equal(warnings.length, 2);
});

test("extend moves the deadline as far as the server accepted", async () => {
  const { contexts, finish, handler } = held();
  const { give, stop, wait, clock, commands, consumer } = await script({
    setUp: (consumer) => consumer.register("x", handler),
  });
  const expired: string[] = [];
  consumer.on("expired", ({ job }) => expired.push(job.jid));
  await give(jobReply("jid-jid-1", { reserve_for: 60 }));
  await until(() => contexts.length === 1);
  const { signal, extend } = contexts[0]!;
  await wait(50_000);
  const reserveUntil = new Date(clock.now() + 90_000).toISOString();
  assert.equal(await extend(90), true);
  assert.equal(
    commands.lines.find((line) => line.startsWith("TRACK")),
    `TRACK SET {"jid":"jid-jid-1","reserve_until":"${reserveUntil}"}`,
  );
  await wait(86_000);
  assert.equal(signal.aborted, false);
  // The server shortens no reservation, so a shorter time keeps the deadline.
  assert.equal(await extend(60), true);
  assert.equal(await extend(5), true);
  await wait(50_000);
  assert.equal(signal.aborted, false);
  await wait(9000);
  assert.equal(codeOf(signal), "RESERVATION_EXPIRED");
  assert.deepEqual(expired, ["jid-jid-1"]);
  // Too late to have an effect.
  await extend(600);
  finish.resolve();
  const { done, failed } = await stop();
  assert.deepEqual([done, failed], [0, 0]);
  assert(!commands.lines.some((line) => line.startsWith("ACK")));
  assert.equal(clock.pending, 0);
});

test("a reservation that the server does not extend ends at its time", async () => {
  const { contexts, finish, handler } = held();
  const { give, stop, wait } = await script({
    answer: (line) =>
      line.startsWith("TRACK")
        ? "-ERR tracking subsystem is only available in Faktory Enterprise\r\n"
        : undefined,
    setUp: (consumer) => consumer.register("x", handler),
  });
  await give(jobReply("jid-jid-1", { reserve_for: 60 }));
  await until(() => contexts.length === 1);
  assert.equal(await contexts[0]!.extend(600), false);
  await wait(59_000);
  assert.equal(codeOf(contexts[0]!.signal), "RESERVATION_EXPIRED");
  finish.resolve();
  await stop();
});

test("handlers enqueue over the consumer's connections, and cannot close them", async () => {
  const clock = new ManualClock(Date.now());
  await using setting = await start(clock);
  const { server, producer } = setting;
  const consumer = new Consumer({ url: server.url, concurrency: 1, clock });
  const connections: number[] = [];
  consumer.register("first", async (_job, context) => {
    await using shared = context.producer;
    await shared.enqueue("second", [], { queue: "other" });
    connections.push(server.snapshot().connections);
    await shared.close();
  });
  consumer.register("second", async (_job, context) => {
    await context.producer.enqueue("third", [], { queue: "other" });
    void context.producer.enqueue("third", [], { queue: "unawaited" });
    connections.push(server.snapshot().connections);
  });
  await producer.enqueueMany([{ type: "first" }, { type: "second" }]);
  const { done } = await pass(clock, consumer, consumer.run({ maxJobs: 2 }));
  assert.equal(done, 2);
  assert.deepEqual(server.snapshot().queues, { default: 0, other: 2, unawaited: 1 });
  // The connection of the test's producer, one for FETCH and one for all other commands.
  assert.deepEqual(connections, [3, 3]);
});

test("a context's producer is closed when the consumer has ended", async () => {
  await using setting = await start();
  const consumer = new Consumer({ url: setting.server.url, concurrency: 1 });
  const { contexts, finish, handler } = held();
  consumer.register("x", handler);
  finish.resolve();
  await setting.producer.enqueue("x");
  await consumer.run({ maxJobs: 1 });
  await assert.rejects(contexts[0]!.producer.enqueue("x"), { code: "CLOSED" });
});

test("a handler's log has all levels, takes fields, and adds the job's", async () => {
  const entries: unknown[] = [];
  const logger = Object.fromEntries(
    LOG_LEVELS.map((level) => [
      level,
      (message: string, fields: object) => {
        // Entries of the consumer itself have its id.
        if (!("wid" in fields)) entries.push([level, message, fields]);
      },
    ]),
  ) as unknown as Logger;
  const { give, stop, commands } = await script({
    logger,
    setUp: (consumer) =>
      consumer.register("x", (_job, { log }) => {
        for (const level of LOG_LEVELS) log[level](`to ${level}`, { n: 1 });
        log.info("bare");
      }),
  });
  const failure = { retry_count: 1, remaining: 3, failed_at: "2026-01-01T00:00:00Z" };
  await give(jobReply("jid-jid-1", { queue: "images", failure }));
  await commands.received(2);
  const fields = { jid: "jid-jid-1", type: "x", queue: "images", attempt: 3 };
  assert.deepEqual(entries, [
    ...LOG_LEVELS.map((level) => [level, `to ${level}`, { ...fields, n: 1 }]),
    ["info", "bare", fields],
  ]);
  await stop();
});

test("a logger that throws or rejects fails no job, and it is optional", async () => {
  const failing = () => {
    throw new Error("the disk is full");
  };
  const failingLater = () => Promise.reject(new Error("the disk is full"));
  for (const method of [failing, failingLater, undefined]) {
    const logger = method === undefined
      ? undefined
      : Object.fromEntries(LOG_LEVELS.map((level) => [level, method])) as unknown as Logger;
    const { give, stop, commands } = await script({
      logger,
      setUp: (consumer) => consumer.register("x", (_job, { log }) => log.error("oh")),
    });
    await give(jobReply("jid-jid-1"));
    await commands.received(2);
    assert.equal(commands.lines[1], `ACK {"jid":"jid-jid-1"}`);
    await stop();
  }
});

test("a result that throws on inspection fails the job once, and the run goes on", async () => {
  const result = Object.defineProperty({}, "then", {
    get() {
      throw new Error("from a getter");
    },
  });
  const { give, stop, commands } = await script({
    setUp: (consumer) => consumer.register("x", ({ args }) => args.length === 0 ? result : 7),
  });
  await give(jobReply("jid-jid-1"));
  await commands.received(2);
  assert.match(commands.lines[1]!, /^FAIL .*"message":"from a getter"/);
  await give(jobReply("jid-jid-2", { args: [1] }));
  await commands.received(3);
  const { done, failed } = await stop();
  assert.deepEqual([done, failed], [1, 1]);
});
