import assert from "node:assert/strict";
import { it } from "node:test";
import { Consumer, type ConsumerEvents, Kill, type Producer, RetryAfter } from "../../mod.ts";
import { type Growth, NONE, oneJob } from "./one_job.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** What a consumer tells of failures. */
function record(consumer: Consumer) {
  const names: string[] = [];
  const fails: ConsumerEvents["fail"][] = [];
  consumer.on("fail", (detail) => {
    names.push("fail");
    fails.push(detail);
  });
  consumer.on("dead", () => names.push("dead"));
  consumer.on("dropped", () => names.push("dropped"));
  return { names, fails };
}

/** The next job of a queue, seen by a consumer of its own. */
async function nextJob(subject: Subject, producer: Producer, queue: string, jid: string) {
  await producer.sets.scheduled.requeue({ jids: [jid] });
  const consumer = new Consumer({ url: subject.url, queues: [queue], concurrency: 1 });
  const seen: unknown[] = [];
  consumer.register("x", (job, { attempt }) => {
    const { jid, queue, args, failure } = job;
    seen.push({ jid, queue, args, attempt, message: failure?.message });
  });
  await consumer.run({ maxJobs: 1 });
  return seen[0];
}

/** What a consumer tells of failed jobs, and does with them, before the server does. */
export function failuresContract(subject: Subject): void {
  const ends: readonly [
    retry: number | undefined,
    error: Error,
    next: ConsumerEvents["fail"]["next"],
    growth: Partial<Growth>,
  ][] = [
    [undefined, new Error("no"), "retry", { retries: 1 }],
    [1, new Error("no"), "retry", { retries: 1 }],
    [1, new Kill("no"), "dead", { dead: 1 }],
    [-1, new Error("no"), "dead", { dead: 1 }],
    [-1, new RetryAfter(60), "dead", { dead: 1 }],
    [0, new Error("no"), "dropped", {}],
    [0, new Kill("no"), "dropped", {}],
  ];
  for (const [retry, error, next, growth] of ends) {
    it(`knows what becomes of a job with retry ${retry} by a ${error.name}: ${next}`, async () => {
      await using one = await oneJob(subject, { retry }, () => Promise.reject(error));
      const { names, fails } = record(one.consumer);
      const report = await one.consumer.run({ maxJobs: 1 });
      assert.deepEqual(names, next === "retry" ? ["fail"] : ["fail", next]);
      const [{ attempt, willRetry, retryAt }] = fails as [ConsumerEvents["fail"]];
      assert.deepEqual([fails[0]!.next, attempt, willRetry], [next, 1, next === "retry"]);
      assert.equal(retryAt === undefined, next !== "retry");
      assert.deepEqual(
        [report.failed, report.dead, report.dropped],
        [1, next === "dead" ? 1 : 0, next === "dropped" ? 1 : 0],
      );
      assert.deepEqual(await one.growth(), { ...NONE, ...growth });
    });
  }

  it("tells the last of a job's retries, and about when each is", async () => {
    await using one = await oneJob(subject, { retry: 2 }, () => Promise.reject(new Error("no")));
    const { fails } = record(one.consumer);
    const startedAt = Date.now();
    for (let run = 0; run < 3; run++) {
      await one.consumer.run({ maxJobs: 1 });
      await one.producer.sets.retries.requeue({ jids: [one.jid] });
    }
    assert.deepEqual(fails.map(({ attempt, next }) => [attempt, next]), [
      ...[[1, "retry"], [2, "retry"], [3, "dead"]],
    ]);
    for (const [i, { failure }] of one.runs.slice(1).entries()) {
      const delayMs = failure!.nextAt!.getTime() - failure!.failedAt!.getTime();
      const toldMs = fails[i]!.retryAt!.getTime() - startedAt;
      // Half of what the server adds by chance, and how long the runs took.
      assert(Math.abs(delayMs - toldMs) <= 15_000 * (i + 1) + 10_000, `${delayMs} ${toldMs}`);
    }
  });

  it("retries by a backoff, each time at its time, and leaves to the server what that leaves", async () => {
    const asked: unknown[] = [];
    const handlerOptions = {
      backoff(attempt: number, error: unknown) {
        asked.push([attempt, (error as Error).message]);
        return attempt === 1 ? 3600 : undefined;
      },
    };
    await using one = await oneJob(
      subject,
      { retry: 2, handlerOptions },
      (_job, { attempt }) => Promise.reject(new RangeError(`no ${attempt}`)),
    );
    const { fails } = record(one.consumer);
    await one.consumer.run({ maxJobs: 1 });
    assert.deepEqual(await one.growth(), { ...NONE, scheduled: 1 });
    await one.producer.sets.scheduled.requeue({ jids: [one.jid] });
    await one.consumer.run({ maxJobs: 1 });
    assert.deepEqual(await one.growth(), { ...NONE, retries: 1 });
    const { type, message, retryCount, nextAt } = one.runs[1]!.failure!;
    assert.deepEqual([type, message, retryCount], ["RangeError", "no 1", 0]);
    assert(Math.abs(nextAt!.getTime() - subject.now() - 3_600_000) < 30_000);
    assert(Math.abs(fails[0]!.retryAt!.getTime() - Date.now() - 3_600_000) < 30_000);
    await one.producer.sets.retries.requeue({ jids: [one.jid] });
    await one.consumer.run({ maxJobs: 1 });
    assert.deepEqual(await one.growth(), { ...NONE, dead: 1 });
    // Of the last attempt nothing is left to ask about.
    assert.deepEqual(asked, [[1, "no 1"], [2, "no 2"]]);
  });

  it("moves a job to its dead letter queue in place of the dead, with its last failure", async () => {
    const deadLetter = freshQueue();
    for (const error of [new Error("hopeless"), new Kill("hopeless")]) {
      const retry = error instanceof Kill ? 5 : -1;
      await using one = await oneJob(
        subject,
        { retry, handlerOptions: { deadLetter } },
        () => Promise.reject(error),
      );
      const told: unknown[] = [];
      one.consumer.on("dead", ({ deadLetter }) => told.push(deadLetter));
      const report = await one.consumer.run({ maxJobs: 1 });
      assert.deepEqual([told, report.dead], [[deadLetter], 1]);
      assert.deepEqual(await one.growth(), { ...NONE, scheduled: 1 });
      const { jid } = one;
      assert.deepEqual(await nextJob(subject, one.producer, deadLetter, jid), {
        ...{ jid, queue: deadLetter, args: [1], attempt: 2, message: "hopeless" },
      });
      await one.producer.queues.remove(deadLetter);
    }
  });

  it("has a job die that fails on its dead letter queue, and one dropped that has no retries", async () => {
    for (const [retry, dead] of [[-1, 1], [0, 0]] as const) {
      const handlerOptions = { deadLetter: retry === 0 ? "elsewhere" : "" };
      const queue = freshQueue();
      if (retry !== 0) handlerOptions.deadLetter = queue;
      await using one = await oneJob(
        subject,
        { retry, queue, handlerOptions },
        () => Promise.reject(new Error("no")),
      );
      one.consumer.setQueues([queue]);
      await one.consumer.run({ maxJobs: 1 });
      assert.deepEqual(await one.growth(), { ...NONE, dead });
      await one.producer.queues.remove(queue);
    }
  });

  it("calls onDead before the job is reported, once, and reports it whatever that throws", async () => {
    const calls: unknown[] = [];
    await using one = await oneJob(subject, {
      retry: 1,
      handlerOptions: {
        async onDead({ jid }, error, { producer, attempt }) {
          const { working } = await one.growth();
          calls.push([jid, (error as Error).message, attempt, working]);
          await producer.enqueue("y", [jid], { queue: one.queue });
          throw new Error("of onDead");
        },
      },
    }, () => Promise.reject(new Error("no")));
    const failures: unknown[] = [];
    one.consumer.on("listenerError", ({ event, error }) => {
      failures.push([event, (error as Error).message]);
    });
    await one.consumer.run({ maxJobs: 1 });
    assert.deepEqual(calls, []);
    await one.producer.sets.retries.requeue({ jids: [one.jid] });
    await one.consumer.run({ maxJobs: 1 });
    assert.deepEqual(calls, [[one.jid, "no", 2, 1]]);
    assert.deepEqual(failures, [["onDead", "of onDead"]]);
    assert.deepEqual(await one.growth(), { ...NONE, dead: 1, waiting: 1 });
  });

  it("keeps the type and the message of an outcome's cause", async () => {
    const cause = new RangeError("too busy");
    await using one = await oneJob(
      subject,
      { retry: 5, backtrace: 1 },
      () => Promise.reject(new RetryAfter(3600, undefined, { cause })),
    );
    const { fails } = record(one.consumer);
    await one.consumer.run({ maxJobs: 1 });
    assert.equal((fails[0]!.error as Error).cause, cause);
    await one.producer.sets.scheduled.requeue({ jids: [one.jid] });
    await one.consumer.run({ maxJobs: 1 });
    const { type, message, backtrace } = one.runs[1]!.failure!;
    assert.deepEqual([type, message, backtrace!.length], ["RangeError", "too busy", 1]);
  });
}
