import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const project = new URL("../../deno.json", import.meta.url);
const { exports } = JSON.parse(readFileSync(project, "utf8")) as {
  exports: Record<string, string>;
};

for (const [entry, path] of Object.entries(exports)) {
  test(`the entry ${entry} begins with what it is, and an example`, () => {
    const text = readFileSync(new URL(path, project), "utf8");
    const [, comment = ""] = /^(?:#!.*\n)?\/\*\*\n([^]*?)\*\//.exec(text) ?? [];
    assert.match(comment, /^ \* @module$/m);
    assert.match(comment, /^ \* [A-Z][^\n]*\S/);
    assert.match(comment, /^ \* ```(ts|sh)/m);
  });
}
