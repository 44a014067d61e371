import assert from "node:assert/strict";
import { after, it } from "node:test";
import { stop } from "esbuild";
import { isTooNew } from "../../scripts/gate/installed_syntax.ts";

after(() => stop());

for (
  const [code, isNew] of [
    ["async function f() { await using a = b(); }", true],
    ["{ using a = b(); }", true],
    [`import data from "./data.json" with { type: "json" };`, true],
    ["class A { static #b = 1; static { this.#b ??= 2; } }", false],
    [String.raw`const space = /\p{White_Space}/u;`, false],
  ] as const
) {
  it(`says whether the oldest Node can parse ${code}`, async () => {
    assert.equal(await isTooNew(code), isNew);
  });
}
