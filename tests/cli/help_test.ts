import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "../../src/cli/commands/all.ts";
import type { CommandDefinition } from "../../src/cli/command.ts";
import { VERSION } from "../../src/cli/version.ts";
import { faktory } from "./setting.ts";

/** Lists the full names of all commands. */
function paths(list: readonly CommandDefinition[], above: readonly string[] = []): string[][] {
  return list.flatMap(({ name, commands = [] }) => {
    const path = [...above, name];
    return [path, ...paths(commands, path)];
  });
}

test("no argument, --help and help list all commands and exit statuses", async () => {
  const { status, stdout, stderr } = await faktory([]);
  assert.deepEqual([status, stderr], [0, ""]);
  for (const { name, summary } of commands) {
    assert.match(stdout, new RegExp(`^  ${name} +${summary.slice(0, 20)}`, "m"));
  }
  assert.match(stdout, /^ {2}77 +the password is wrong/m);
  assert.match(stdout, /\nExamples:\n {2}faktory serve\n/);
  for (const args of [["--help"], ["help"]]) assert.deepEqual((await faktory(args)).stdout, stdout);
});

test("each command has help with examples, and all lines fit a terminal", async () => {
  for (const path of paths(commands)) {
    const { status, stdout, stderr } = await faktory([...path, "--help"]);
    assert.deepEqual([status, stderr], [0, ""], path.join(" "));
    assert.ok(stdout.startsWith(`Usage: faktory ${path.join(" ")} `), stdout);
    assert.match(stdout, /\nExamples:\n {2}faktory /);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 100, line);
  }
});

test("--version prints only the version", async () => {
  assert.deepEqual(await faktory(["--version"]), {
    status: 0,
    stdout: `${VERSION}\n`,
    stderr: "",
  });
});
