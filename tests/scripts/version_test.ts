import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { VERSION } from "../../src/cli/version.ts";

test("the command says the version of deno.json", async () => {
  const text = await readFile(new URL("../../deno.json", import.meta.url), "utf8");
  assert.equal(VERSION, JSON.parse(text).version);
});
