import assert from "node:assert/strict";
import { test } from "node:test";
import { linesToJobs, mergeStreams } from "../../src/ndjson/mod.ts";
import { all, bytesOf, settled } from "./setting.ts";

/** A stream of numbers that counts how many were read. */
function counter(until = Infinity) {
  const state = { given: 0, cancelled: undefined as unknown };
  const stream = new ReadableStream<number>({
    pull(controller) {
      if (state.given >= until) return controller.close();
      controller.enqueue(++state.given);
    },
    cancel(reason) {
      state.cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return { state, stream };
}

test("each stream keeps its order, and nothing is lost", async () => {
  const merged = await all(mergeStreams([counter(5).stream, counter(0).stream, counter(9).stream]));
  assert.equal(merged.length, 14);
  assert.deepEqual(merged.toSorted((a, b) => a - b), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9]);
  assert.deepEqual(await all(mergeStreams([])), []);
});

test("lines of two files never mix, for any pieces", async () => {
  const files = ["a", "b", "c"].map((name) => {
    const text = Array.from({ length: 50 }, (_, i) => `{"type":"${name}","args":[${i}]}`).join(
      "\n",
    );
    return bytesOf(...text.match(/.{1,7}|\n/g) ?? []);
  });
  const jobs = await all(mergeStreams(files.map((file) => file.pipeThrough(linesToJobs()))));
  for (const name of ["a", "b", "c"]) {
    const args = jobs.filter(({ type }) => type === name).map(({ args }) => args?.[0]);
    assert.deepEqual(args, Array.from({ length: 50 }, (_, i) => i));
  }
});

test("no stream is read ahead of the consumer", async () => {
  const [first, second] = [counter(), counter()];
  const reader = mergeStreams([first.stream, second.stream]).getReader();
  await settled();
  assert.deepEqual([first.state.given, second.state.given], [1, 1]);
  for (let i = 0; i < 100; i++) await reader.read();
  await settled();
  assert.equal(first.state.given + second.state.given, 102);
  await reader.cancel("enough");
  assert.deepEqual([first.state.cancelled, second.state.cancelled], ["enough", "enough"]);
});

test("a slow stream does not block the others", async () => {
  const silent = new ReadableStream<number>();
  const reader = mergeStreams([silent, counter().stream]).getReader();
  for (let i = 1; i <= 100; i++) assert.equal((await reader.read()).value, i);
  await reader.cancel();
});

test("the first error ends all streams", async () => {
  const failure = new Error("the disk is gone");
  const broken = new ReadableStream<number>({ start: (controller) => controller.error(failure) });
  const other = counter();
  await assert.rejects(all(mergeStreams([other.stream, broken])), failure);
  await settled();
  assert.equal(other.state.cancelled, failure);
});
