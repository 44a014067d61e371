import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidJobError, Job, type JobInput } from "../../mod.ts";
import { jobsToLines, linesToJobs } from "../../src/ndjson/mod.ts";
import { all } from "./setting.ts";

function streamOf(...jobs: readonly JobInput[]): ReadableStream<JobInput> {
  return new ReadableStream({
    start(controller) {
      for (const job of jobs) controller.enqueue(job);
      controller.close();
    },
  });
}

async function linesOf(...jobs: readonly JobInput[]): Promise<string> {
  return await new Response(streamOf(...jobs).pipeThrough(jobsToLines())).text();
}

test("a line contains the job's own properties only", async () => {
  const at = new Date(Date.UTC(2030, 0, 31, 12));
  assert.equal(
    await linesOf({ type: "a" }, { type: "b", args: [], at }),
    [
      '{"type":"a"}\n',
      '{"type":"b","args":[],"at":"2030-01-31T12:00:00.000Z"}\n',
    ].join(""),
  );
  const job = new Job("c", [{ type: 1, other: "ä\n" }], { jid: "12345678", retry: 0 });
  assert.equal(
    await linesOf(job),
    '{"jid":"12345678","type":"c","args":[{"type":1,"other":"ä\\n"}],"retry":0}\n',
  );
});

test("jobs survive a round trip", async () => {
  const fields = {
    jid: "cats-0001",
    type: "resize",
    args: ["\u2028", { a: [1.5, null] }],
    queue: "images",
    retry: 3,
    at: new Date(Date.UTC(2030, 0, 31, 12, 0, 0, 123)),
    reserveFor: 60,
    backtrace: 7,
    custom: { tenant: "acme" },
    createdAt: new Date(0),
  };
  const { type, args, ...options } = fields;
  for (const job of [fields, new Job(type, args, options)]) {
    const lines = streamOf(job).pipeThrough(jobsToLines());
    assert.deepEqual(await all(lines.pipeThrough(linesToJobs())), [fields]);
  }
});

test("an invalid job ends the stream", async () => {
  await assert.rejects(linesOf({ type: "a" }, { type: "b", args: [1n] }), (error) => {
    assert.ok(error instanceof InvalidJobError);
    assert.deepEqual([error.code, error.path], ["INVALID_ARGS", "args[0]"]);
    return true;
  });
});
