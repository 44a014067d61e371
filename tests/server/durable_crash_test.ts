import assert from "node:assert/strict";
import { test } from "node:test";
import { crashLoop } from "../../scripts/crash/loop.ts";
import { noSqlite } from "./data.ts";

test("ten kills under load lose nothing that was confirmed", { skip: noSqlite }, async () => {
  const { confirmed, done, violations } = await crashLoop({ kills: 10, seed: 42 });
  assert.deepEqual(violations, []);
  assert(confirmed > 100 && done > 100, `${confirmed}`);
});
