import assert from "node:assert/strict";
import { it } from "node:test";
import { commandOf, Program } from "../../scripts/program.ts";

const module = "tests/fixtures/scripts/echo.ts";

it("resolves with lines as a program prints them, and with all of them at its end", async () => {
  await using program = new Program([...commandOf(module), "one", "two"]);
  assert.equal(await program.line(/^t/), "two");
  assert.equal(await program.line(/^o/), "one");
  program.child.stdin!.end("three\n");
  assert.deepEqual(await program.end(), ["one", "two", "three"]);
});

it("asks a program to end", async () => {
  await using program = new Program([...commandOf(module), "polite"]);
  await program.line(/polite/);
  assert.deepEqual(await program.stop(), ["polite"]);
});

it("rejects with the output if a program fails, cannot be started, or does not print a line", async () => {
  await using failing = new Program([...commandOf(module), "fail"]);
  await assert.rejects(failing.line(/never/), /did not print \/never\/: fail\n$/);
  await assert.rejects(failing.end(), /exited with 3: fail\n$/);
  await using missing = new Program(["no-such-program"]);
  await assert.rejects(missing.end(), /no-such-program/);
});

it("kills a program that takes too long, and one that ignores signals", async () => {
  await using late = new Program([...commandOf(module), "one"], { timeoutMs: 1 });
  await assert.rejects(late.end(), /SIGKILL/);
  const stubborn = new Program([...commandOf(module), "stubborn"]);
  await stubborn.line(/stubborn/);
  const ended = stubborn.stop();
  ended.catch(() => {});
  await stubborn.kill();
  await assert.rejects(stubborn.end(), /exited with SIG/);
});
