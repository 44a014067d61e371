import assert from "node:assert/strict";
import { test } from "node:test";
import { pageBlocks, unprinted } from "../../scripts/gate/page_blocks.ts";

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
    { line: 2, code: "const a = `text`; // `code`\n", isWorker: false, prints: [] },
    { line: 12, code: "one();\ntwo();\n", isWorker: false, prints: [] },
    { line: 16, code: "await consumer.run();\n", isWorker: true, prints: [] },
  ]);
  assert.deepEqual(pageBlocks("# Nothing"), []);
});

test("a block has to print what its comments and the output behind it say", () => {
  const fence = "```";
  const page = [
    ...[`${fence}ts`, "console.log(a); // 1", 'console.log("b"); // b ..', fence],
    ...["", fence, "3 done", fence],
    ...[`${fence}ts`, "run();", fence, "", fence, "$ run", "anything", fence],
  ].join("\n");
  const [first, second] = pageBlocks(page);
  assert.deepEqual(first?.prints, ["1", "b ..", "3 done"]);
  assert.deepEqual(second?.prints, []);
  assert.deepEqual(unprinted(first!, "1\nb and more\n3 done\n"), []);
  assert.deepEqual(unprinted(first!, "2\nc\n"), ["1", "b ..", "3 done"]);
});
