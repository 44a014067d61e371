import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../src/", import.meta.url));
const modules = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"));

/** Other ways to write "Returns true if". */
const OTHER_WORDS =
  /^\s*(?:\/\*\*|\*|\/\/).*\b(?:(?:Returns|Reports|Tells) whether|Returns false)\b/;

it("comments say `Returns true if` about every boolean", () => {
  const others = modules.flatMap((path) =>
    readFileSync(join(root, path), "utf8").split("\n").filter((line) => OTHER_WORDS.test(line))
      .map((line) => `${path}: ${line.trim()}`)
  );
  assert.deepEqual(others, []);
});
