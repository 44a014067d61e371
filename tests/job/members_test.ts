import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { membersOf } from "../../src/job/members.ts";

test("finds the same members of an object as JSON.parse, each with its own text", () => {
  const spaces = fc.constantFrom(undefined, 1, "\t", "\n");
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), spaces, (value, space) => {
      const json = JSON.stringify(value, null, space);
      const read = [...membersOf(json)].map(([name, text]) => [name, JSON.parse(text)]);
      assert.deepEqual(Object.fromEntries(read), JSON.parse(json));
    }),
  );
});

test("uses the last of two members with the same name, like JSON.parse", () => {
  assert.deepEqual([...membersOf(`{"a":1,"b":2,"a":[3]}`)], [["a", "[3]"], ["b", "2"]]);
  assert.deepEqual([...membersOf("{}")], []);
});
