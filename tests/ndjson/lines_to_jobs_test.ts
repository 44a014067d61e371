import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, InvalidJobError } from "../../mod.ts";
import { linesToJobs, NdjsonError } from "../../src/ndjson/mod.ts";
import { all, bytesOf, read, settled } from "./setting.ts";

const encoder = new TextEncoder();

test("a line is a job", async () => {
  const { jobs, invalid } = await read(
    '{"type":"resize","args":["cat.png",320]}\n{"type":"mail"}\n',
  );
  assert.deepEqual(jobs, [{ type: "resize", args: ["cat.png", 320] }, { type: "mail" }]);
  assert.deepEqual(invalid, []);
});

test("all properties of a job can be set, with times in RFC 3339", async () => {
  const fields = {
    jid: "cats-0001",
    type: "resize",
    args: [{ deep: [null, true, "\u2028"] }],
    queue: "images",
    retry: -1,
    at: "2030-01-31T12:00:00.5+02:00",
    reserveFor: 60,
    backtrace: 7,
    custom: { tenant: "acme" },
    createdAt: "2029-01-31T12:00:00Z",
  };
  const { jobs } = await read(JSON.stringify(fields));
  assert.deepEqual(jobs, [{
    ...fields,
    at: new Date(Date.UTC(2030, 0, 31, 10, 0, 0, 500)),
    createdAt: new Date(Date.UTC(2029, 0, 31, 12)),
  }]);
});

test("the protocol's names are accepted, and properties of the server are ignored", async () => {
  const line = '{"jid":"12345678","jobtype":"a","args":[],"reserve_for":60,' +
    '"created_at":"2029-01-31T12:00:00.123456789Z","enqueued_at":"x","failure":{"retry_count":1}}';
  const { jobs, invalid } = await read(line);
  assert.deepEqual(invalid, []);
  const createdAt = new Date(Date.UTC(2029, 0, 31, 12, 0, 0, 123));
  assert.deepEqual(jobs, [{ jid: "12345678", type: "a", args: [], reserveFor: 60, createdAt }]);
});

test("a byte order mark, CRLF, blank lines and a last line without an end are accepted", async () => {
  const text = '\ufeff{"type":"a"}\r\n\r\n  \t\n\n{"type":"b"}\r\n {"type":"c"} ';
  for (const pieces of [[text], [...encoder.encode(text)].map((byte) => Uint8Array.of(byte))]) {
    const { jobs, invalid } = await read(pieces);
    assert.deepEqual(jobs.map(({ type }) => type), ["a", "b", "c"]);
    assert.deepEqual(invalid, []);
  }
  assert.deepEqual(await read([]), { jobs: [], invalid: [] });
  assert.deepEqual(await read("\ufeff"), { jobs: [], invalid: [] });
});

test("a byte order mark anywhere else is an error", async () => {
  const { invalid } = await read('{"type":"a"}\n\ufeff{"type":"b"}\n');
  assert.deepEqual(invalid.map(({ line, error }) => [line, error.code]), [[2, "INVALID_JSON"]]);
});

const bad: readonly (readonly [line: string, code: string, cause?: readonly [string, string]])[] = [
  ["no json", "INVALID_JSON"],
  ['{"type":"a"', "INVALID_JSON"],
  ['{"type":"a"}{"type":"b"}', "INVALID_JSON"],
  ["[]", "INVALID_LINE"],
  ["null", "INVALID_LINE"],
  ["7", "INVALID_LINE"],
  ['"a"', "INVALID_LINE"],
  ["{}", "INVALID_JOB", ["INVALID_TYPE", "type"]],
  ['{"type":""}', "INVALID_JOB", ["INVALID_TYPE", "type"]],
  ['{"type":"a","args":{}}', "INVALID_JOB", ["INVALID_ARGS", "args"]],
  ['{"type":"a","args":[12345678901234567890]}', "INVALID_JOB", ["INVALID_ARGS", "args[0]"]],
  ['{"type":"a","args":[1e400]}', "INVALID_JOB", ["INVALID_ARGS", "args[0]"]],
  ['{"type":"a","args":["\\ud800"]}', "INVALID_JOB", ["INVALID_ARGS", "args[0]"]],
  ['{"type":"a","kind":"b"}', "INVALID_JOB", ["INVALID_JOB", "kind"]],
  ['{"type":"a","jobtype":"b"}', "INVALID_JOB", ["INVALID_JOB", "type"]],
  ['{"type":"a","__proto__":{}}', "INVALID_JOB", ["INVALID_JOB", "__proto__"]],
  ['{"type":"a","queue":"no queue"}', "INVALID_JOB", ["INVALID_QUEUE", "queue"]],
  ['{"type":"a","at":"tomorrow"}', "INVALID_JOB", ["INVALID_AT", "at"]],
  ['{"type":"a","at":1893456000}', "INVALID_JOB", ["INVALID_AT", "at"]],
];

test("an invalid line is reported with its number, and skipped", async () => {
  const text = bad.map(([line]) => `${line}\n\n`).join("") + '{"type":"last"}';
  const { jobs, invalid } = await read(text);
  assert.deepEqual(jobs, [{ type: "last" }]);
  for (const [index, [line, code, cause]] of bad.entries()) {
    const found = invalid[index];
    assert.ok(found?.error instanceof NdjsonError);
    assert.deepEqual([found.line, found.error.line, found.text], [
      2 * index + 1,
      found.line,
      line,
    ]);
    assert.equal(found.error.code, code, line);
    if (cause === undefined) continue;
    assert.ok(found.error.cause instanceof InvalidJobError);
    assert.deepEqual([found.error.cause.code, found.error.cause.path], cause, line);
  }
  assert.equal(invalid.length, bad.length);
});

test("without onInvalid, the first invalid line ends the stream, after the jobs before it", async () => {
  let cancelled: unknown;
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode('{"type":"a"}\n\nsecret\n')),
    cancel(reason) {
      cancelled = reason;
    },
  });
  const reader = source.pipeThrough(linesToJobs()).getReader();
  assert.deepEqual((await reader.read()).value, { type: "a" });
  const error = await reader.read().then(() => undefined, (reason) => reason);
  assert.ok(error instanceof NdjsonError);
  assert.deepEqual([error.code, error.line], ["INVALID_JSON", 3]);
  assert.equal(error.message, "Cannot read line 3 as a job as it is not valid JSON");
  await settled();
  assert.equal(cancelled, error);
});

test("an error of onInvalid ends the stream", async () => {
  const enough = new Error("enough");
  const lines = linesToJobs({
    onInvalid() {
      throw enough;
    },
  });
  await assert.rejects(all(bytesOf("x\n").pipeThrough(lines)), enough);
});

test("a line that is too long is reported, without the rest of it", async () => {
  const job = '{"type":"a"}';
  const long = `{"type":"${"b".repeat(100)}"}`;
  const text = [job, long, job, long].join("\r\n");
  const maxLineLength = job.length;
  for (const pieces of [[text], [...text], [text.slice(0, 20), text.slice(20)]]) {
    const { jobs, invalid } = await read(pieces, { maxLineLength });
    assert.deepEqual(jobs, [{ type: "a" }, { type: "a" }]);
    assert.deepEqual(invalid.map(({ line }) => line), [2, 4]);
    for (const { error, text } of invalid) {
      assert.equal(error.code, "LINE_TOO_LONG");
      assert.equal(text, long.slice(0, maxLineLength + 1));
    }
  }
  await assert.rejects(
    all(bytesOf(text).pipeThrough(linesToJobs({ maxLineLength }))),
    { code: "LINE_TOO_LONG", line: 2 },
  );
});

test("a line that never ends is not kept in memory", async () => {
  const piece = encoder.encode("x".repeat(1000));
  let pieces = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pieces++ < 1000) controller.enqueue(piece);
      else controller.close();
    },
  });
  const lengths: number[] = [];
  const lines = linesToJobs({
    maxLineLength: 5000,
    onInvalid: ({ text }) => void lengths.push(text.length),
  });
  assert.deepEqual(await all(endless.pipeThrough(lines)), []);
  assert.deepEqual(lengths, [5001]);
});

test("a line that is not UTF-8 is reported, and no other line", async () => {
  const bytes = [
    ...encoder.encode('{"type":"\ufffd"}\n{"type":"'),
    ...[0xc3, 0x28, 0xff],
    ...encoder.encode('"}\n{"type":"€𝄞"}\n'),
    ...encoder.encode('{"type":"a"}').subarray(0, -2),
    ...[0xe2, 0x82],
  ];
  for (const pieces of [[Uint8Array.from(bytes)], bytes.map((byte) => Uint8Array.of(byte))]) {
    const { jobs, invalid } = await read(pieces);
    assert.deepEqual(jobs, [{ type: "\ufffd" }, { type: "€𝄞" }]);
    const results = invalid.map(({ line, error }) => [line, error.code]);
    assert.deepEqual(results, [[2, "INVALID_UTF8"], [4, "INVALID_UTF8"]]);
  }
});

test("invalid options are refused at once", () => {
  for (const maxLineLength of [0, -1, 1.5, NaN, "9" as unknown as number]) {
    assert.throws(() => linesToJobs({ maxLineLength }), ConfigError);
  }
  assert.throws(() => linesToJobs({ onInvalid: 1 as never }), { code: "INVALID_OPTION" });
});
