import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  Consumer,
  Discard,
  type Job,
  type JobContext,
  Kill,
  RetryAfter,
  Snooze,
} from "../../mod.ts";
import { ManualClock, runJob } from "../../src/testing/mod.ts";

describe("runJob", () => {
  it("runs a handler with a job converted to JSON, and returns its result", async () => {
    const job = { type: "x", args: ["cat.png", new Date(0)], queue: "images", custom: { a: 1 } };
    const run = await runJob((job, { attempt }) => Promise.resolve([job.args[1], attempt]), job);
    assert.equal(run.outcome, "done");
    assert.deepEqual(run.result, ["1970-01-01T00:00:00.000Z", 1]);
    assert.deepEqual([run.error, run.seconds], [undefined, undefined]);
    assert.deepEqual([run.job.queue, run.job.custom], ["images", { a: 1 }]);
    assert.deepEqual([run.progress, run.extended, run.enqueued, run.logs], [[], [], [], []]);
  });

  it("reports every outcome", async () => {
    const error = new TypeError("no such picture");
    const ends: [act: () => unknown, outcome: string, seconds?: number][] = [
      [() => Promise.reject(error), "failed"],
      [() => new Discard("enough"), "discard"],
      [() => Promise.reject(new Kill("enough")), "kill"],
      [() => new RetryAfter(60), "retry", 60],
      [() => new Snooze(5), "snooze", 5],
    ];
    for (const [act, outcome, seconds] of ends) {
      const run = await runJob(act, { type: "x" });
      assert.deepEqual([run.outcome, run.seconds, run.result], [outcome, seconds, undefined]);
      assert(run.error instanceof Error);
      if (outcome === "failed") assert.equal(run.error, error);
    }
  });

  it("records progress, reservations, jobs and log messages", async () => {
    const run = await runJob(async (job, { progress, extend, producer, log }) => {
      assert.equal(await progress(10), true);
      assert.equal(await progress(50, "half way"), true);
      assert.equal(await extend(90), true);
      await producer.enqueue("next", [job.jid], { queue: "later" });
      void producer.enqueue("unawaited");
      log.info("hello", { n: 1 });
      await assert.rejects(progress(101), { code: "INVALID_ARGUMENT" });
    }, { type: "x", jid: "chosen-jid", queue: "images" });
    assert.equal(run.outcome, "done", String(run.error));
    assert.deepEqual(run.progress, [
      { percent: 10, text: undefined },
      { percent: 50, text: "half way" },
    ]);
    assert.deepEqual(run.extended, [90]);
    assert.deepEqual(run.enqueued.map(({ type, args, queue }) => ({ type, args, queue })), [
      { type: "next", args: ["chosen-jid"], queue: "later" },
      { type: "unawaited", args: [], queue: "default" },
    ]);
    assert.deepEqual(run.logs, [{
      level: "info",
      message: "hello",
      fields: { jid: "chosen-jid", type: "x", queue: "images", attempt: 1, n: 1 },
    }]);
  });

  it("can run a retry", async () => {
    const handler = (job: Job, { attempt }: JobContext) => [attempt, job.failure];
    const run = await runJob(handler, { type: "x", retry: 5 }, { attempt: 3 });
    const [attempt, failure] = run.result as [number, { retryCount: number; remaining: number }];
    assert.deepEqual([attempt, failure.retryCount, failure.remaining], [3, 1, 4]);
  });

  it("aborts the handler like a stop, before or during the run", async () => {
    const seen: unknown[] = [];
    const handler = async (_job: unknown, { signal }: JobContext) => {
      if (!signal.aborted) {
        stop.abort("why");
        seen.push("running");
      }
      seen.push(signal.reason.code, signal.reason.cause);
      await Promise.resolve();
      signal.throwIfAborted();
    };
    const stop = new AbortController();
    const run = await runJob(handler, { type: "x" }, { signal: stop.signal });
    assert.deepEqual(seen, ["running", "STOPPED", "why"]);
    assert.equal(run.outcome, "failed");
    await runJob(handler, { type: "x" }, { signal: stop.signal });
    assert.deepEqual(seen.slice(3), ["STOPPED", "why"]);
  });

  it("runs a consumer's handler for the type, with its middleware and time limit", async () => {
    const clock = new ManualClock();
    const consumer = new Consumer();
    consumer.use(async (_job, { log }, next) => {
      log.debug("before");
      return await next();
    });
    consumer.register("quick", (job) => job.args[0] * 2);
    consumer.register("slow", async (_job, { signal }) => {
      const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
      clock.advance(1000);
      await aborted;
      throw signal.reason;
    }, { timeoutMs: 1000 });
    const quick = await runJob(consumer, { type: "quick", args: [21] });
    assert.deepEqual([quick.result, quick.logs.length], [42, 1]);
    const slow = await runJob(consumer, { type: "slow" }, { clock });
    assert.deepEqual([slow.outcome, (slow.error as { code: string }).code], [
      "failed",
      "TIMED_OUT",
    ]);
    const own = await runJob(
      consumer,
      { type: "slow", custom: { timeoutMs: 500 } },
      { clock },
    );
    assert.match((own.error as Error).message, /longer than 500 ms/);
    assert.equal(clock.pending, 0);
    await assert.rejects(runJob(consumer, { type: "other" }), {
      code: "NOT_REGISTERED",
      message: 'Cannot run a job as the consumer has no handler for its type "other"',
    });
  });

  it("refuses invalid jobs and invalid handlers", async () => {
    await assert.rejects(runJob(() => {}, { type: "x", args: [1n] }), {
      code: "INVALID_ARGS",
      path: "args[0]",
    });
    await assert.rejects(runJob({} as never, { type: "x" }), {
      code: "INVALID_ARGUMENT",
      message:
        "Cannot run a job as the argument is neither a handler nor a Consumer: got an object",
    });
    await assert.rejects(runJob(() => {}, { type: "x" }, { attempt: 0 }), {
      code: "INVALID_OPTION",
    });
  });
});
