import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../../mod.ts";
import { Supervisor, type SupervisorOptions } from "../../src/supervisor/mod.ts";

const refused: readonly [what: string, options: unknown][] = [
  ["processes", { processes: 0 }],
  ["args", { args: "--fast" }],
  ["env", { env: { DEBUG: 1 } }],
  ["command", { command: "" }],
  ["runtimeArgs", { runtimeArgs: [1] }],
  ["restart", { restart: "sometimes" }],
  ["backoff", { backoff: 5 }],
  ["backoff.initialMs", { backoff: { initialMs: 0 } }],
  ["backoff.maxMs", { backoff: { maxMs: -1 } }],
  ["backoff.resetAfterMs", { backoff: { resetAfterMs: "60" } }],
  ["maxRestarts", { maxRestarts: 1.5 }],
  ["graceMs", { graceMs: -1 }],
];

for (const [name, options] of refused) {
  test(`refuses ${JSON.stringify(options)}`, () => {
    assert.throws(() => new Supervisor("worker.ts", options as SupervisorOptions), (error) => {
      assert(error instanceof ConfigError && error.code === "INVALID_OPTION");
      assert.match(error.message, new RegExp(`option ${name} `));
      return true;
    });
  });
}

test("refuses an invalid module, and a stop with an invalid time", async () => {
  assert.throws(() => new Supervisor(""), ConfigError);
  await assert.rejects(new Supervisor("worker.ts").stop({ graceMs: NaN }), ConfigError);
});

test("accepts calls before it runs, and starts nothing after an abort", async () => {
  const supervisor = new Supervisor("worker.ts", { signal: AbortSignal.abort() });
  supervisor.quiet();
  supervisor.print();
  await supervisor.stop();
  assert.deepEqual(supervisor.processes, []);
  assert.deepEqual(await supervisor.run(), { reason: "stopped", exits: [], restarts: 0 });
});
