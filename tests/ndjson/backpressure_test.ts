import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeFaktory } from "../../src/testing/mod.ts";
import { linesToJobs, mergeStreams } from "../../src/ndjson/mod.ts";
import { bytesOf, settled } from "./setting.ts";

const LINES = 100;
const piece = new TextEncoder().encode('{"type":"a","args":["cat.png",320]}\n'.repeat(LINES));

/** A file of `pieces` pieces with a hundred lines each. */
function file(pieces = Infinity) {
  const state = { given: 0 };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (state.given++ < pieces) controller.enqueue(piece);
      else controller.close();
    },
  }, { highWaterMark: 0 });
  return { state, stream };
}

test("lines are read only as fast as jobs are consumed", async () => {
  const files = [file(), file()];
  const jobs = files.map(({ stream }) => stream.pipeThrough(linesToJobs()));
  const reader = mergeStreams(jobs).getReader();
  for (let i = 0; i < 1000; i++) await reader.read();
  await settled();
  // The consumed pieces, and per file a few in flight: one at each stage.
  for (const { state } of files) assert.ok(state.given <= 5 + 4, String(state.given));
  await reader.cancel();
});

test("a producer receives all lines of many files", async () => {
  await using faktory = await FakeFaktory.start();
  const files = [file(30).stream, bytesOf("no job\n"), file(20).stream];
  const bad: number[] = [];
  const jobs = files.map((bytes) =>
    bytes.pipeThrough(linesToJobs({ onInvalid: ({ line }) => void bad.push(line) }))
  );
  await mergeStreams(jobs).pipeTo(faktory.producer.writable());
  assert.deepEqual(bad, [1]);
  assert.equal((await faktory.producer.info()).queues["default"], 50 * LINES);
});
