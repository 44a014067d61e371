import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidJobError } from "../../src/errors.ts";
import { encodeJob } from "../../src/job/encode.ts";
import { MAX_JOB_BYTES } from "../../src/job/size.ts";

const isTooLarge = (error: unknown) =>
  error instanceof InvalidJobError && error.code === "JOB_TOO_LARGE";

test("a job that no consumer could fetch is refused by the size of its JSON", () => {
  const { length } = encodeJob({ type: "x", args: [""] }).json;
  const room = MAX_JOB_BYTES - length;
  assert.equal(encodeJob({ type: "x", args: ["a".repeat(room)] }).json.length, MAX_JOB_BYTES);
  assert.throws(() => encodeJob({ type: "x", args: ["a".repeat(room + 1)] }), isTooLarge);
  // Two bytes each.
  assert.throws(() => encodeJob({ type: "x", args: ["é".repeat(room / 2 + 1)] }), isTooLarge);
});

/** As in `JSON.stringify`, if this engine has raw JSON. */
const { rawJSON } = JSON as { rawJSON?(text: string): unknown };

test("raw JSON is sent unchanged", { skip: rawJSON === undefined && "no JSON.rawJSON" }, () => {
  const args = (...texts: string[]) =>
    JSON.parse(encodeJob({ type: "x", args: texts.map((text) => rawJSON!(text)) }).json).args;
  assert.deepEqual(args("5", '"a"', "null", "true", "1.5"), [5, "a", null, true, 1.5]);
  assert.throws(() => args("12345678901234567890"), { code: "INVALID_ARGS", path: "args[0]" });
  const nested = encodeJob({ type: "x", custom: { a: [{ b: rawJSON!("7") }] } }).json;
  assert.deepEqual(JSON.parse(nested).custom, { a: [{ b: 7 }] });
});

test("a bigint is sent as its toJSON returns it, and refused without toJSON", () => {
  const encode = () => JSON.parse(encodeJob({ type: "x", args: [5n, { n: 6n }] }).json).args;
  assert.throws(encode, { code: "INVALID_ARGS", path: "args[0]" });
  const prototype = BigInt.prototype as { toJSON?: () => unknown };
  prototype.toJSON = function (this: bigint) {
    return String(this);
  };
  try {
    assert.deepEqual(encode(), ["5", { n: "6" }]);
  } finally {
    delete prototype.toJSON;
  }
});
