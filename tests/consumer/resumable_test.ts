import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, resumable, Snooze } from "../../mod.ts";
import { encodeRequeuedJob } from "../../src/job/requeued_job.ts";
import { decodeJob } from "../../src/job/decode.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { runJob } from "../../src/testing/mod.ts";
import { requeueCustomOf } from "../../src/consumer/resumable/requeue_custom.ts";

test("a run hops at the first yield after its time, or at half of its reservation", async () => {
  for (const [reserveFor, hopEveryMs, expected] of [[1800, 60_000, 6], [60, 60_000, 3]] as const) {
    const clock = new ManualClock();
    const run = resumable<[], number>(function* () {
      for (let step = 1; step <= 100; step++) {
        clock.advance(10_000);
        yield step;
      }
    }, { hopEveryMs });
    const { outcome, error } = await runJob(run, { type: "x", reserveFor }, { clock });
    assert.equal(outcome, "snooze");
    assert(error instanceof Snooze);
    assert.deepEqual(requeueCustomOf(error), { resumeAt: expected });
  }
});

test("a run that returns is done, and gets the cursor of its job", async () => {
  const seen: unknown[] = [];
  const run = resumable(async function* (_job, { cursor, attempt, log, progress, extend }) {
    seen.push(cursor, attempt, typeof log.info, typeof progress, typeof extend);
    yield { page: 2 };
  });
  for (const custom of [{ resumeAt: { page: 1 } }, { resumeAt: null }, {}]) {
    assert.equal((await runJob(run, { type: "x", custom })).outcome, "done");
  }
  const more = ["function", "function", "function"];
  assert.deepEqual(seen, [
    ...[{ page: 1 }, 1, ...more],
    ...[undefined, 1, ...more],
    ...[undefined, 1, ...more],
  ]);
});

test("a cursor that JSON cannot represent fails the job, and so does an error", async () => {
  const clock = new ManualClock();
  const bad = resumable(function* () {
    clock.advance(3_600_000);
    yield 1n;
  });
  const { error } = await runJob(bad, { type: "x" }, { clock });
  assert.equal((error as { code: string }).code, "INVALID_CUSTOM");
  const text = resumable(function* () {
    yield 1;
    throw "no error";
  });
  const thrown = (await runJob(text, { type: "x" })).error as Error;
  assert.deepEqual([thrown.message, thrown.cause], ["no error", "no error"]);
  assert.deepEqual(requeueCustomOf(thrown), { resumeAt: 1 });
  const first = resumable(() => {
    throw thrown;
  });
  assert.equal((await runJob(first, { type: "x" })).error, thrown);
});

test("the cursor is merged into custom, whose other bytes are kept", () => {
  const json = '{"jid":"jid-jid-1","jobtype":"x","args":[],"custom":{"big":1.0,"resumeAt":1}}';
  const job = decodeJob(json);
  const again = encodeRequeuedJob(job, undefined, { custom: { resumeAt: { page: 2 } } }).json;
  assert.match(again, /"custom":\{"big":1\.0,"resumeAt":\{"page":2\}\}/);
  const none = decodeJob('{"jid":"jid-jid-1","jobtype":"x","args":[],"custom":null}');
  assert.match(encodeRequeuedJob(none, undefined, { custom: { a: 1 } }).json, /"custom":\{"a":1\}/);
});

test("an invalid generator function or time is refused", () => {
  assert.throws(() => resumable("no" as never), ConfigError);
  assert.throws(() => resumable(function* () {}, { hopEveryMs: 10 }), ConfigError);
});
