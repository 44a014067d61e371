import assert from "node:assert/strict";
import { it } from "node:test";
import { Discard, Kill, RetryAfter, Snooze } from "../../mod.ts";
import { NONE, oneJob } from "./one_job.ts";
import type { Subject } from "./subject.ts";

/** The two ways to give an outcome. */
const WAYS: readonly (readonly [name: string, give: (outcome: Error) => Promise<unknown>])[] = [
  ["thrown", (outcome) => Promise.reject(outcome)],
  ["returned", (outcome) => Promise.resolve(outcome)],
];

/** The effect of an outcome on a job. */
export function outcomesContract(subject: Subject): void {
  for (const [way, give] of WAYS) {
    it(`completes a job whose Discard was ${way}`, async () => {
      await using one = await oneJob(subject, { retry: 5 }, () => give(new Discard("no use")));
      const results: unknown[] = [];
      one.consumer.on("discard", ({ outcome }) => results.push(outcome.message));
      one.consumer.on("fail", () => assert.fail("a Discard is no failure"));
      const report = await one.consumer.run({ maxJobs: 1 });
      assert.deepEqual(report, {
        reason: "limit",
        done: 1,
        failed: 0,
        dead: 0,
        dropped: 0,
        unfinished: [],
        unreported: [],
      });
      assert.deepEqual(results, ["no use"]);
      assert.deepEqual(await one.growth(), NONE);
    });

    it(`moves a job whose Kill was ${way} to the dead set, with its failure`, async () => {
      let isKilled = false;
      await using one = await oneJob(subject, { retry: 5, backtrace: 1 }, () => {
        if (isKilled) return;
        isKilled = true;
        return give(new Kill("hopeless"));
      });
      const report = await one.consumer.run({ maxJobs: 1 });
      assert.deepEqual([report.done, report.failed], [0, 1]);
      assert.deepEqual(await one.growth(), { ...NONE, dead: 1 });
      await one.producer.sets.dead.requeue({ jids: [one.jid] });
      assert.equal(await one.consumer.runOne(), true);
      const { failure, attempt } = one.runs[1]!;
      assert.deepEqual([failure!.type, failure!.message, attempt], ["Kill", "hopeless", 2]);
      assert.equal(failure!.backtrace!.length, 1);
    });

    it(`retries a job whose RetryAfter was ${way} at its time, which uses a retry`, async () => {
      await using one = await oneJob(
        subject,
        { retry: 2 },
        () => give(new RetryAfter(3600, "busy")),
      );
      const startedAt = subject.now();
      let report = await one.consumer.run({ maxJobs: 1 });
      assert.deepEqual([report.done, report.failed], [0, 1]);
      assert.deepEqual(await one.growth(), { ...NONE, scheduled: 1 });
      await one.producer.sets.scheduled.requeue({ jids: [one.jid] });
      report = await one.consumer.run({ maxJobs: 1 });
      assert.deepEqual(await one.growth(), { ...NONE, scheduled: 1 });
      const second = one.runs[1]!;
      assert.equal(second.attempt, 2);
      assert.equal(second.job.jid, one.jid);
      assert.deepEqual(second.job.args, [1]);
      const { type, message, retryCount, remaining, failedAt, nextAt } = second.failure!;
      assert.deepEqual([type, message, retryCount, remaining], ["RetryAfter", "busy", 0, 2]);
      assert(Math.abs(nextAt!.getTime() - failedAt!.getTime() - 3_600_000) < 1000);
      assert(Math.abs(second.job.at!.getTime() - startedAt - 3_600_000) < 30_000);
      // This is the last retry: the job then waits for no further time.
      await one.producer.sets.scheduled.requeue({ jids: [one.jid] });
      report = await one.consumer.run({ maxJobs: 1 });
      assert.deepEqual([report.done, report.failed], [0, 1]);
      assert.deepEqual(await one.growth(), { ...NONE, dead: 1 });
      const third = one.runs[2]!;
      assert.equal(third.attempt, 3);
      assert.deepEqual([third.failure!.retryCount, third.failure!.remaining], [1, 1]);
    });

    it(`snoozes a job whose Snooze was ${way}, which uses no retry`, async () => {
      await using one = await oneJob(subject, { retry: 1 }, () => give(new Snooze(3600)));
      const results: unknown[] = [];
      one.consumer.on("snooze", ({ outcome }) => results.push(outcome.seconds));
      for (let i = 0; i < 2; i++) {
        const report = await one.consumer.run({ maxJobs: 1 });
        assert.deepEqual([report.done, report.failed], [1, 0]);
        assert.deepEqual(await one.growth(), { ...NONE, scheduled: 1 });
        await one.producer.sets.scheduled.requeue({ jids: [one.jid] });
      }
      assert.deepEqual(results, [3600, 3600]);
      assert.deepEqual(one.runs.map(({ attempt, failure }) => [attempt, failure]), [
        [1, undefined],
        [1, undefined],
      ]);
    });
  }

  it("keeps a job's failure while it is snoozed", async () => {
    const ends = [new Error("once"), new Snooze(3600), new Error("twice"), new Discard()];
    await using one = await oneJob(subject, { retry: 5 }, () => Promise.reject(ends.shift()!));
    const { scheduled, retries } = one.producer.sets;
    for (const set of [retries, scheduled, retries, undefined]) {
      await one.consumer.run({ maxJobs: 1 });
      await set?.requeue({ jids: [one.jid] });
    }
    assert.deepEqual(
      one.runs.map(({ attempt, failure }) => [attempt, failure?.message, failure?.retryCount]),
      [[1, undefined, undefined], [2, "once", 0], [2, "once", 0], [3, "twice", 1]],
    );
    assert.deepEqual(await one.growth(), NONE);
  });

  it("a job without retry has 25 retries, whatever earlier jobs had", async () => {
    await using other = await oneJob(subject, { retry: 0 }, () => {});
    await using one = await oneJob(subject, {}, (job) => {
      assert.equal(job.retry, 25);
      throw new Error("at first");
    });
    assert.equal((await other.consumer.run({ maxJobs: 1 })).done, 1);
    assert.equal((await one.consumer.run({ maxJobs: 1 })).failed, 1);
    assert.deepEqual(await one.growth(), { ...NONE, retries: 1 });
  });

  it("snoozes for a moment at least: the ACK must not find the job with its next worker", async () => {
    for (const outcome of [new Snooze(0), new RetryAfter(0)]) {
      const seen: unknown[] = [];
      await using one = await oneJob(subject, { retry: 5 }, ({ args, at }, { attempt }) => {
        seen.push([args[0], attempt]);
        if (seen.length === 1) throw outcome;
        assert(at === undefined || at.getTime() > subject.now() + 3000);
      });
      await one.producer.enqueue("x", [2], { queue: one.queue });
      await one.consumer.run({ maxJobs: 2 });
      assert.deepEqual(await one.growth(), { ...NONE, scheduled: 1 });
      await one.producer.sets.scheduled.requeue({ jids: [one.jid] });
      await one.consumer.run({ maxJobs: 1 });
      const again = outcome instanceof Snooze ? 1 : 2;
      assert.deepEqual(seen, [[1, 1], [2, 1], [1, again]]);
      assert.deepEqual(await one.growth(), NONE);
    }
  });

  it("a killed job without retries is deleted, as the server does not keep those", async () => {
    await using one = await oneJob(subject, { retry: 0 }, () => Promise.reject(new Kill()));
    assert.equal((await one.consumer.run({ maxJobs: 1 })).failed, 1);
    assert.deepEqual(await one.growth(), NONE);
  });

  it("fails a job that has no retries left for a RetryAfter", async () => {
    for (const [retry, dead] of [[0, 0], [-1, 1]] as const) {
      await using one = await oneJob(subject, { retry }, () => Promise.reject(new RetryAfter(60)));
      assert.equal((await one.consumer.run({ maxJobs: 1 })).failed, 1);
      assert.deepEqual(await one.growth(), { ...NONE, dead });
    }
  });

  it("snoozes a job without retries", async () => {
    await using one = await oneJob(subject, { retry: 0 }, () => Promise.reject(new Snooze(3600)));
    assert.equal((await one.consumer.run({ maxJobs: 1 })).done, 1);
    assert.deepEqual(await one.growth(), { ...NONE, scheduled: 1 });
  });

  it("kills a job at its last retry", async () => {
    const ends = [new Error("first"), new Kill("second")];
    await using one = await oneJob(subject, { retry: 1 }, () => Promise.reject(ends.shift()!));
    await one.consumer.run({ maxJobs: 1 });
    await one.producer.sets.retries.requeue({ jids: [one.jid] });
    await one.consumer.run({ maxJobs: 1 });
    assert.deepEqual(await one.growth(), { ...NONE, dead: 1 });
  });

  for (const place of ["outermost", "innermost"] as const) {
    for (const [way, give] of WAYS) {
      it(`respects an outcome that the ${place} middleware has ${way}`, async () => {
        await using one = await oneJob(subject, { retry: 5 }, () => "the handler's value");
        const through = async (_job: unknown, _context: unknown, next: () => Promise<unknown>) => {
          await next();
        };
        const giving = async (_job: unknown, _context: unknown, next: () => Promise<unknown>) => {
          if (ends.length > 1) await next();
          return await give(ends.shift()!);
        };
        const ends = [new Snooze(3600), new Kill()];
        const order = place === "outermost" ? [giving, through] : [through, giving];
        for (const middleware of order) one.consumer.use(middleware);
        await one.consumer.run({ maxJobs: 1 });
        assert.deepEqual(await one.growth(), { ...NONE, scheduled: 1 });
        await one.producer.sets.scheduled.requeue({ jids: [one.jid] });
        await one.consumer.run({ maxJobs: 1 });
        assert.deepEqual(await one.growth(), { ...NONE, dead: 1 });
        assert.equal(one.runs.length, 1);
      });
    }
  }

  it("lets a middleware replace an outcome", async () => {
    await using one = await oneJob(subject, { retry: 5 }, () => new Kill("not so fast"));
    const caught: unknown[] = [];
    one.consumer.use(async (_job, _context, next) => {
      try {
        await next();
      } catch (error) {
        caught.push(error);
        throw new RetryAfter(3600);
      }
    });
    await one.consumer.run({ maxJobs: 1 });
    assert(caught[0] instanceof Kill);
    assert.deepEqual(await one.growth(), { ...NONE, scheduled: 1 });
  });
}
