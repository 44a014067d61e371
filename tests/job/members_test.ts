import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { membersOf } from "../../src/job/members.ts";

test("the members of an object are those that JSON.parse finds, each with its own text", () => {
  const spaces = fc.constantFrom(undefined, 1, "\t", "\n");
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), spaces, (value, space) => {
      const json = JSON.stringify(value, null, space);
      const read = [...membersOf(json)].map(([name, text]) => [name, JSON.parse(text)]);
      assert.deepEqual(Object.fromEntries(read), JSON.parse(json));
    }),
  );
});

test("of a name that is there twice the last counts, as for JSON.parse", () => {
  assert.deepEqual([...membersOf(`{"a":1,"b":2,"a":[3]}`)], [["a", "[3]"], ["b", "2"]]);
  assert.deepEqual([...membersOf("{}")], []);
});
