import assert from "node:assert/strict";
import { it } from "node:test";
import { runInNewContext } from "node:vm";
import { describeFailure } from "../../src/consumer/run/failure.ts";
import { isBytes, isDate, isError, isUrl } from "../../src/internal/kinds.ts";

const job = { backtrace: undefined };

it("reports an error of another realm as an error", () => {
  const error = runInNewContext(`new RangeError("too much")`);
  assert(!(error instanceof Error));
  const { type, message } = describeFailure({ jid: "x", job }, error);
  assert.deepEqual([type, message], ["RangeError", "too much"]);
});

it("recognizes values of other realms", () => {
  assert(isError(runInNewContext(`new Error("x")`)));
  assert(isError(new DOMException("x")));
  assert(isDate(runInNewContext("new Date()")));
  assert(isBytes(runInNewContext("new Uint8Array(3)")));
  assert(isUrl(new URL("file:///x")));
  for (const value of [undefined, null, 5, "Error", {}, { message: "x" }, []]) {
    assert(![isError, isDate, isBytes, isUrl].some((is) => is(value)), String(value));
  }
});
