import assert from "node:assert/strict";
import { it } from "node:test";
import { all, none, runSteps, skip, type Step } from "../../scripts/gate/step.ts";
import { deferred } from "../../src/internal/deferred.ts";

it("runs three steps of a group at once, each of them once, and the next group after them", async (t) => {
  t.mock.method(console, "log", () => {});
  const begun: string[] = [];
  const ends = new Map(["a", "b", "c", "d"].map((name) => [name, deferred<void>()]));
  const step = (name: string): Step => ({
    name,
    async run() {
      begun.push(name);
      await ends.get(name)?.promise;
      if (name === "b") throw new Error("b is broken");
    },
  });
  const running = runSteps(["a", "b", "c", "d"].map(step), [step("last")]);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  assert.deepEqual(begun, ["a", "b", "c"]);
  ends.get("b")?.resolve();
  await turn();
  assert.deepEqual(begun, ["a", "b", "c", "d"]);
  for (const name of ["c", "d"]) ends.get(name)?.resolve();
  await turn();
  assert.deepEqual(begun, ["a", "b", "c", "d"]);
  ends.get("a")?.resolve();
  assert.equal(await running, false);
  assert.deepEqual(begun, ["a", "b", "c", "d", "last"]);
});

it("prints at the end what failed and what was skipped, and the sums", async (t) => {
  const log = t.mock.method(console, "log", () => {});
  const steps: Step[] = [
    { name: "tests", run: () => Promise.resolve(20) },
    { name: "lint", run: () => Promise.resolve(skip("one rule, as it is not there")) },
    { name: "types", run: () => Promise.reject(new Error("one does not fit")) },
  ];
  assert.equal(await runSteps(steps), false);
  const lines = log.mock.calls.map(({ arguments: [line] }) => line as string);
  assert.ok(lines.some((line) => line.includes("\n== types\none does not fit\n-- types: FAILED")));
  assert.equal(lines.at(-2), "\nskipped: one rule, as it is not there\nfailed: types");
  assert.equal(lines.at(-1), "\n21 passed, 1 failed, 1 skipped");
});

it("runs all checks, and rejects with all that is wrong", async () => {
  const run: number[] = [];
  const check = (number: number, fault?: string) => async () => {
    run.push(number);
    await Promise.resolve();
    none(fault === undefined ? [] : [fault]);
  };
  await all([check(1), check(2)]);
  await assert.rejects(all([check(3, "x"), check(4), check(5, "y")]), { message: "x\ny" });
  assert.deepEqual(run, [1, 2, 3, 4, 5]);
});
