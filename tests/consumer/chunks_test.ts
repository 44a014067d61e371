import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, Job, type JobContext, type ManyHandler } from "../../mod.ts";
import { collectChunks, type ManyOptions } from "../../src/consumer/chunks/chunks.ts";
import { ManualClock } from "../../src/server/mod.ts";

/** Returns a function that adds jobs to a gatherer. Only the test moves the clock. */
function setUp(handler: ManyHandler, options: ManyOptions = {}, slots = 10) {
  const clock = new ManualClock();
  const chunks: string[][] = [];
  const many = collectChunks(options, (jobs, context) => {
    chunks.push(jobs.map(({ type }) => type));
    return handler(jobs, context);
  }, { slots, clock });
  const add = (type: string) => {
    const controller = new AbortController();
    const context = { signal: controller.signal, producer: {}, log: {} } as unknown as JobContext;
    const ended = Promise.resolve(many.handler(new Job(type, []), context))
      .then(() => "done", (error) => String((error as Error).message));
    return { ended, abort: (reason: string) => controller.abort(new Error(reason)) };
  };
  return { clock, chunks, add, many };
}

test("a chunk begins when it is full, or when its first job has waited", async () => {
  const { clock, chunks, add } = setUp(() => {}, { size: 2, waitMs: 500 });
  add("a");
  const b = add("b");
  assert.equal(await b.ended, "done");
  const c = add("c");
  clock.advance(499);
  assert.deepEqual(chunks, [["a", "b"]]);
  clock.advance(1);
  assert.equal(await c.ended, "done");
  // The wait of the first chunk does not begin the second.
  const d = add("d");
  clock.advance(499);
  assert.equal(chunks.length, 2);
  clock.advance(1);
  await d.ended;
  assert.deepEqual(chunks, [["a", "b"], ["c"], ["d"]]);
});

test("a chunk is full when the consumer, or the type, can run no more jobs", async () => {
  for (const [options, slots] of [[{}, 2], [{ concurrency: 2 }, 10]] as const) {
    const { chunks, add } = setUp(() => {}, options, slots);
    add("a");
    await add("b").ended;
    assert.deepEqual(chunks, [["a", "b"]]);
  }
});

test("an aborted job leaves a chunk that has not begun", async () => {
  const { clock, chunks, add } = setUp(() => {}, { waitMs: 500 });
  const [a, b] = [add("a"), add("b")];
  a.abort("expired");
  assert.equal(await a.ended, "expired");
  clock.advance(500);
  assert.equal(await b.ended, "done");
  const c = add("c");
  c.abort("stopped");
  assert.equal(await c.ended, "stopped");
  clock.advance(500);
  assert.deepEqual(chunks, [["b"]]);
});

test("the first aborted job of a chunk aborts the chunk's signal", async () => {
  const reasons: unknown[] = [];
  const { add } = setUp((_jobs, { signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        reasons.push((signal.reason as Error).message);
        reject(signal.reason);
      });
    }), { size: 2 });
  const [a, b] = [add("a"), add("b")];
  b.abort("expired");
  assert.deepEqual(await Promise.all([a.ended, b.ended]), ["expired", "expired"]);
  assert.deepEqual(reasons, ["expired"]);
});

test("a job of another chunk cannot be failed, and a job's first failure counts", async () => {
  const { add } = setUp((jobs, { fail }) => {
    assert.throws(() => fail(new Job("x", []), "no"), { code: "INVALID_ARGUMENT" });
    fail(jobs[0]!, new Error("first"));
    fail(jobs[0]!, new Error("second"));
  }, { size: 2 });
  const [a, b] = [add("a"), add("b")];
  assert.deepEqual(await Promise.all([a.ended, b.ended]), ["first", "done"]);
});

test("invalid options are refused, and other options apply to each job", () => {
  const slots = { slots: 10, clock: new ManualClock() };
  for (const wrong of [{ size: 0 }, { waitMs: 60_000 }, { siz: 1 }]) {
    assert.throws(() => collectChunks(wrong as ManyOptions, () => {}, slots), ConfigError);
  }
  assert.throws(() => collectChunks({}, 7 as never, slots), ConfigError);
  const onDead = () => {};
  assert.deepEqual(collectChunks({ size: 5, timeoutMs: 9, onDead }, () => {}, slots).options, {
    ...{ timeoutMs: 9, onDead },
  });
});
