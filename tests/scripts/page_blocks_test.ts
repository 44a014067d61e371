import assert from "node:assert/strict";
import { test } from "node:test";
import { pageBlocks } from "../../scripts/gate/page_blocks.ts";

test("the blocks of a page that are run are those of TypeScript, in their order, each with its line", () => {
  const fence = "```";
  const page = [
    "# Title",
    `${fence}ts`,
    "const a = `text`; // `code`",
    fence,
    "Prose with `code`.",
    `${fence}sh`,
    "rm -rf /",
    fence,
    `${fence}ts ignore`,
    "await never();",
    fence,
    `${fence}ts no-assert`,
    "one();",
    "two();",
    fence,
    `${fence}ts worker`,
    "await consumer.run();",
    fence,
  ].join("\n");
  assert.deepEqual(pageBlocks(page), [
    { line: 2, code: "const a = `text`; // `code`\n", isWorker: false },
    { line: 12, code: "one();\ntwo();\n", isWorker: false },
    { line: 16, code: "await consumer.run();\n", isWorker: true },
  ]);
  assert.deepEqual(pageBlocks("# Nothing"), []);
});
