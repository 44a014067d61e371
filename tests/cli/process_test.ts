import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Producer } from "../../mod.ts";
import { Program, skipPrograms } from "../processes/program.ts";
import { noSqlite, withFolder } from "../server/data.ts";

const command = new URL("../../src/cli/mod.ts", import.meta.url);
const skip = skipPrograms || !existsSync(command) && "the command is not here as a source";

/** Runs `faktory serve` in a process of this runtime. Returns its URL. */
async function serve(...args: string[]) {
  const program = new Program(command, ["serve", "--port", "0", ...args]);
  const [url = ""] = await program.line(/^Faktory listens on (tcp:\S+)$/);
  return { program, url };
}

test("the command prints errors and exits with their status", { skip }, async () => {
  await using program = new Program(command, ["serve", "--prot", "1"]);
  await program.silent;
  assert.equal(program.output, "faktory: unknown option '--prot'; did you mean --port?");
  assert.deepEqual(await program.ended, { code: 64, signal: null });
});

test("serve ends with 0 on SIGTERM and SIGINT, even with clients", { skip }, async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const { program, url } = await serve();
    await using _program = program;
    const producer = await Producer.connect({ url, reconnect: false });
    await producer.enqueue("greet", ["world"]);
    program.send(signal);
    assert.deepEqual(await program.ended, { code: 0, signal: null }, signal);
    await producer.close();
  }
});

test("serve --data keeps its jobs after SIGTERM and SIGKILL", {
  skip: skip || noSqlite,
}, async () => {
  await withFolder(async (folder) => {
    const data = join(folder, "jobs.db");
    for (const [index, signal] of (["SIGTERM", "SIGKILL", "SIGTERM"] as const).entries()) {
      const { program, url } = await serve("--data", data);
      await using _program = program;
      const producer = await Producer.connect({ url, reconnect: false });
      assert.equal((await producer.info()).queues["default"] ?? 0, index);
      await producer.enqueue("greet", ["world"]);
      program.send(signal);
      await program.ended;
      await producer.close();
    }
  });
});

test("push --ndjson - ends on SIGTERM while its input is open", { skip }, async () => {
  const { program: server, url } = await serve();
  await using _server = server;
  await using program = new Program(command, ["push", "--ndjson", "-", "--url", url], {}, "pipe");
  program.write('{"type":"greet","args":["world"]}\n');
  const producer = await Producer.connect({ url });
  while ((await producer.info()).queues["default"] !== 1);
  await producer.close();
  program.send("SIGTERM");
  await program.silent;
  assert.match(program.output, /^1 job enqueued in .*\nstandard input: sent up to line 1$/);
  assert.deepEqual(await program.ended, { code: 143, signal: null });
});

test("a second signal ends a command that the first does not", { skip }, async () => {
  await using program = new Program(new URL("../fixtures/cli/stubborn.ts", import.meta.url), []);
  await program.line(/^runs$/);
  program.send("SIGINT");
  await program.line(/^heard SIGINT$/);
  program.send("SIGTERM");
  assert.deepEqual(await program.ended, { code: 143, signal: null });
});

test("a second command on the same port reports it", { skip }, async () => {
  const { program, url } = await serve();
  await using _program = program;
  await using second = new Program(command, ["serve", "--port", new URL(url).port]);
  await second.silent;
  assert.match(second.output, /^faktory: Cannot listen on .* as the port is taken; choose another/);
  assert.deepEqual(await second.ended, { code: 69, signal: null });
});
