import assert from "node:assert/strict";
import { it } from "node:test";
import { Consumer, type ConsumerEvents, Kill, type Producer, RetryAfter } from "../../mod.ts";
import { type Growth, NONE, oneJob } from "./one_job.ts";
import { freshQueue, type Subject } from "./subject.ts";

/** Records the failure events of a consumer. */
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

/** Fetches the next job of a queue with a new consumer. */
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

/** A consumer reports and handles failed jobs. */
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
    it(`knows the next step of a job with retry ${retry} after a ${error.name}: ${next}`, async () => {
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

  it("reports a job's last retry, and about when each comes", async () => {
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
      // Allows half of the server's random delay, and the time of the runs.
      assert(Math.abs(delayMs - toldMs) <= 15_000 * (i + 1) + 10_000, `${delayMs} ${toldMs}`);
    }
  });

  it("retries by a backoff at the right times, and leaves other jobs to the server", async () => {
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
    // The backoff is not called after the last attempt.
    assert.deepEqual(asked, [[1, "no 1"], [2, "no 2"]]);
  });

  it("moves a job to its dead letter queue instead of the dead set, with its last failure", async () => {
    const deadLetter = freshQueue();
    for (const error of [new Error("hopeless"), new Kill("hopeless")]) {
      const retry = error instanceof Kill ? 5 : -1;
      await using one = await oneJob(
        subject,
        { retry, handlerOptions: { deadLetter } },
        () => Promise.reject(error),
      );
      const deadLetters: unknown[] = [];
      one.consumer.on("dead", ({ deadLetter }) => deadLetters.push(deadLetter));
      const report = await one.consumer.run({ maxJobs: 1 });
      assert.deepEqual([deadLetters, report.dead], [[deadLetter], 1]);
      assert.deepEqual(await one.growth(), { ...NONE, scheduled: 1 });
      const { jid } = one;
      assert.deepEqual(await nextJob(subject, one.producer, deadLetter, jid), {
        ...{ jid, queue: deadLetter, args: [1], attempt: 2, message: "hopeless" },
      });
      await one.producer.queues.remove(deadLetter);
    }
  });

  it("a job that fails on its dead letter queue is dead, and one without retries is dropped", async () => {
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

  it("calls onDead once, before the report, and reports the job even if it throws", async () => {
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

  it("keeps the type and message of an outcome's cause", async () => {
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
