import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandDefinition } from "../../src/cli/command.ts";
import { faktory } from "./setting.ts";

const noise: CommandDefinition<{ readonly loud?: boolean }> = {
  name: "noise",
  summary: "Makes noise",
  configure: (command) => void command.option("--loud", "more of it").argument("[names...]"),
  run({ args, flags, output }) {
    output.print({ args, loud: flags.loud === true }, () => output.strong(args.join("+")));
    return Promise.resolve(args.length);
  },
};
const broken: CommandDefinition = {
  name: "broken",
  summary: "Fails",
  run: () => Promise.reject(new TypeError("two\nlines")),
};
const group: CommandDefinition = { name: "group", summary: "Has two", commands: [noise, broken] };
const commands = [group, noise, broken];

test("a command returns its status, and prints text or JSON", async () => {
  assert.deepEqual(await faktory(["noise", "a", "b", "c"], { commands }), {
    status: 3,
    stdout: "a+b+c\n",
    stderr: "",
  });
  assert.deepEqual(await faktory(["noise", "--loud", "a", "--json"], { commands }), {
    status: 1,
    stdout: '{"args":["a"],"loud":true}\n',
    stderr: "",
  });
});

test("commands can have subcommands", async () => {
  assert.equal((await faktory(["group", "noise", "a"], { commands })).stdout, "a\n");
  const help = await faktory(["group", "--help"], { commands });
  assert.match(help.stdout, /^Usage: faktory group .*\n\nHas two\.\n[^]*\n {2}broken +Fails\n/);
  for (
    const [args, line] of [
      [["group"], /no command was given; see faktory group --help\n$/],
      [["group", "nosie"], /unknown command 'nosie'; did you mean noise\?\n$/],
      [["group", "noise", "-x"], /unknown option '-x'; see faktory group noise --help\n$/],
    ] as const
  ) {
    const { status, stdout, stderr } = await faktory(args, { commands });
    assert.deepEqual([status, stdout], [64, ""]);
    assert.match(stderr, line);
  }
});

test("an internal error is one line too", async () => {
  assert.deepEqual(await faktory(["broken"], { commands }), {
    status: 70,
    stdout: "",
    stderr: "faktory: Internal error: TypeError: two lines; please report it\n",
  });
});

test("colors are printed only on a terminal, and not with NO_COLOR", async () => {
  const plain = { status: 1, stdout: "a\n", stderr: "" };
  const bold = { ...plain, stdout: "\u001b[1ma\u001b[22m\n" };
  const args = ["noise", "a"];
  const isTerminal = true;
  assert.deepEqual(await faktory(args, { commands, isTerminal }), bold);
  assert.deepEqual(await faktory(args, { commands, isTerminal, env: { NO_COLOR: "1" } }), plain);
  assert.deepEqual(await faktory(args, { commands, isTerminal, env: { TERM: "dumb" } }), plain);
  assert.deepEqual(await faktory(args, { commands }), plain);
});
