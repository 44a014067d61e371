import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { it } from "node:test";
import { bootFile } from "../../scripts/thread_script.ts";

it("the text of the threads' script is up to date", async () => {
  const text = await readFile("src/consumer/isolated/boot.ts", "utf8");
  assert.equal(text, await bootFile(), "run: deno run -A scripts/thread_script.ts");
});
