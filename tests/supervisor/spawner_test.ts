import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutScript } from "../../src/supervisor/spawner.ts";

test("a child process gets Node's flags, without the script of its command line", () => {
  const flags = ["--import", "tsx", "--conditions=dev"];
  assert.deepEqual(withoutScript(flags), flags);
  assert.deepEqual(withoutScript([...flags, "-e", "run()"]), flags);
  assert.deepEqual(withoutScript(["--eval", "run()", ...flags]), flags);
  assert.deepEqual(withoutScript(["--eval=run()", ...flags]), flags);
});
