import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { faktory } from "./setting.ts";

/** Returns the output of `script` in a shell, or `undefined` if the shell is not installed. */
function run(shell: string, flags: readonly string[], script: string): string | undefined {
  const args = [...flags, "-c", script];
  const { error, status, stdout, stderr } = spawnSync(shell, args, { encoding: "utf8" });
  if (error !== undefined) return undefined;
  assert.deepEqual([status, stderr], [0, ""], `${shell}: ${script}`);
  return stdout;
}

/** Reports why a shell cannot be tested. False if it can. */
function skip(shell: string, ...flags: string[]): string | false {
  return run(shell, flags, "exit 0") === undefined && `there is no ${shell} here`;
}

/** The words before the cursor, and the expected completions: these words, or files. */
const typed: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [["ser"], ["serve"]],
  [["p"], ["push"]],
  [["serve", "--ed"], ["--edition"]],
  [["serve", "--edition", ""], ["enterprise", "free"]],
  [["serve", "--edition", "f"], ["free"]],
  [["serve", "--port", ""], []],
  [["serve", "--data", ""], ["FILES"]],
  [["work", ""], ["FILES"]],
  [["work", "--ch"], ["--check"]],
  [["completion", ""], ["bash", "fish", "zsh"]],
  [["help", "inf"], ["info"]],
  [["push", "serve", "--ba"], ["--backtrace"]],
];

async function script(shell: string): Promise<string> {
  const { status, stdout, stderr } = await faktory(["completion", shell]);
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout;
}

function offered(stdout: string | undefined): string[] {
  return (stdout ?? "").split("\n").filter((line) => line !== "").sort();
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(" ");
}

test("bash completes commands, flags, values and files", { skip: skip("bash") }, async () => {
  const completion = await script("bash");
  for (const [words, expected] of typed) {
    const all = ["faktory", ...words];
    const output = run(
      "bash",
      ["--norc"],
      `${completion}
compopt() { if [ "$*" = "-o default" ]; then echo FILES; fi; }
COMP_WORDS=(${quoted(all)}); COMP_CWORD=${all.length - 1}
_faktory
printf '%s\\n' "\${COMPREPLY[@]}"`,
    );
    assert.deepEqual(offered(output), expected, words.join(" "));
  }
  // Bash splits the words itself.
  const output = run(
    "bash",
    ["--norc"],
    `${completion}
COMP_WORDS=(faktory serve --edition = fr); COMP_CWORD=4
_faktory
printf '%s\\n' "\${COMPREPLY[@]}"`,
  );
  assert.deepEqual(offered(output), ["free"]);
});

test("zsh completes commands, flags, values and files", { skip: skip("zsh", "-f") }, async () => {
  const completion = await script("zsh");
  for (const [words, expected] of typed) {
    const all = ["faktory", ...words];
    const output = run(
      "zsh",
      ["-f"],
      `compdef() { }
${completion}
_files() { echo FILES; }
compset() { }
_describe() {
  local name=\${@[-1]}
  for one in "\${(@P)name}"; do if [[ "$one" == "$words[CURRENT]"* ]]; then echo "\${one%%:*}"; fi; done
}
words=(${quoted(all)}); CURRENT=${all.length}
_faktory; true`,
    );
    assert.deepEqual(offered(output), expected, words.join(" "));
  }
});

test("fish completes commands, flags and values", { skip: skip("fish", "-N") }, async () => {
  const completion = await script("fish");
  for (const [words, expected] of typed) {
    if (expected.includes("FILES")) continue;
    const line = `faktory ${words.join(" ")}`;
    const output = run("fish", ["-N"], `${completion}complete -C '${line}'`);
    assert.deepEqual(offered(output?.replaceAll(/\t.*/g, "")), expected, line);
  }
});

test("completion omits hidden flags, and names the shells that it supports", async () => {
  assert.doesNotMatch(await script("bash"), /--child/);
  const { status, stderr } = await faktory(["completion", "tcsh"]);
  assert.equal(status, 64);
  assert.match(
    stderr,
    /^faktory: [^\n]*'tcsh'[^\n]*Allowed choices are bash, zsh, fish; [^\n]*\n$/,
  );
  const { stdout } = await faktory(["completion", "fish", "--json"]);
  assert.equal(JSON.parse(stdout).shell, "fish");
});
