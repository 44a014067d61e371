import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { InvalidJobError } from "../../src/errors.ts";
import { decodeJob } from "../../src/job/decode.ts";
import { encodeJob } from "../../src/job/encode.ts";
import { Job, type JobInput } from "../../src/job/job.ts";

it("encodes a Job and an equal plain object alike, and decodes them", () => {
  const at = new Date("2030-01-02T03:04:05.678Z");
  const options = { jid: "12345678", queue: "images", retry: 3, at, reserveFor: 60, createdAt: at };
  const { jid, json } = encodeJob(new Job("resize", ["cat.png", 320], options));
  assert.equal(jid, "12345678");
  assert.equal(encodeJob({ type: "resize", args: ["cat.png", 320], ...options }).json, json);
  const job = decodeJob(json);
  assert.deepEqual([job.type, job.args, job.queue, job.retry, job.at, job.reserveFor], [
    "resize",
    ["cat.png", 320],
    "images",
    3,
    at,
    60,
  ]);
});

it("sends any JSON unchanged, including a negative zero", () => {
  const values = fc.array(fc.jsonValue({ noUnicodeString: false }).filter(isExact));
  fc.assert(fc.property(values, (args) => {
    const sent = JSON.parse(encodeJob({ type: "t", args }).json);
    assert.deepEqual(sent.args, args);
  }));
});

/** Returns true if the server would keep the value: no huge integers, no malformed text. */
function isExact(value: unknown): boolean {
  let exact = true;
  JSON.stringify(value, (key, inner) => {
    if (!key.isWellFormed()) exact = false;
    if (typeof inner === "string" && !inner.isWellFormed()) exact = false;
    if (Number.isInteger(inner) && !Number.isSafeInteger(inner)) exact = false;
    return inner;
  });
  return exact;
}

const circular: unknown[] = [];
circular.push(circular);

const refused: [name: string, job: unknown, code: string, path: string][] = [
  ["a short jid", { type: "t", jid: "1234567" }, "INVALID_JID", "jid"],
  ["an empty type", { type: "" }, "INVALID_TYPE", "type"],
  ["an empty queue", { type: "t", queue: "" }, "INVALID_QUEUE", "queue"],
  ["a malformed queue", { type: "t", queue: "a b" }, "INVALID_QUEUE", "queue"],
  ["a short reservation", { type: "t", reserveFor: 59 }, "INVALID_RESERVE_FOR", "reserveFor"],
  ["a long reservation", { type: "t", reserveFor: 86401 }, "INVALID_RESERVE_FOR", "reserveFor"],
  ["an invalid date", { type: "t", at: new Date(NaN) }, "INVALID_AT", "at"],
  ["args that are no array", { type: "t", args: {} }, "INVALID_ARGS", "args"],
  ["a bigint", { type: "t", args: [1n] }, "INVALID_ARGS", "args[0]"],
  ["a huge integer", { type: "t", args: [{ a: 2 ** 53 }] }, "INVALID_ARGS", "args[0].a"],
  ["NaN", { type: "t", args: [[NaN]] }, "INVALID_ARGS", "args[0][0]"],
  ["undefined", { type: "t", args: [1, undefined] }, "INVALID_ARGS", "args[1]"],
  ["a function", { type: "t", args: [() => 1] }, "INVALID_ARGS", "args[0]"],
  ["a Map", { type: "t", args: [new Map()] }, "INVALID_ARGS", "args[0]"],
  ["an unknown property", { type: "t", priority: 1 }, "INVALID_JOB", "priority"],
  ["no object", "t", "INVALID_JOB", ""],
];
for (const [name, job, code, path] of refused) {
  it(`refuses ${name}`, () => {
    assert.throws(() => encodeJob(job as JobInput), (error) => {
      assert.ok(error instanceof InvalidJobError);
      assert.deepEqual([error.code, error.path], [code, path]);
      return true;
    });
  });
}

it("refuses a circular argument", () => {
  assert.throws(() => encodeJob({ type: "t", args: circular }), InvalidJobError);
});

it("does not show payloads in errors", () => {
  assert.throws(
    () => encodeJob({ type: "t", args: [{ secret: "hunter2", bad: 1n }] }),
    (error) => error instanceof InvalidJobError && !String(error).includes("hunter2"),
  );
});
