import assert from "node:assert/strict";
import { it } from "node:test";
import { auditOutcome } from "../../scripts/gate/audit.ts";
import { dependencyFaults, runtimeFaults } from "../../scripts/gate/dependencies.ts";
import { freshInstallFault } from "../../scripts/gate/install_size.ts";
import { corpusOutcome, readReport } from "../../scripts/gate/junit.ts";
import { fail, pass, runSteps, type Step } from "../../scripts/gate/step.ts";
import { deferred } from "../../src/internal/deferred.ts";

const denoReport = `<testsuite name="./a_test.ts" tests="5">
  <testcase name="group &lt;1&gt;" classname="./a_test.ts" time="0.007">
    <failure message="1 test steps failed">1 test steps failed.</failure>
  </testcase>
  <testcase name="alone" classname="./a_test.ts" time="0.000"></testcase>
  <testcase name="group &lt;1&gt; > works" classname="ext:deno_node/testing.ts"></testcase>
  <testcase name="group &lt;1&gt; > breaks" classname="ext:deno_node/testing.ts">
    <failure message="Uncaught Error: x">Error: x</failure>
  </testcase>
  <testcase name="group &lt;1&gt; > later" classname="ext:deno_node/testing.ts"><skipped/></testcase>
</testsuite>`;
const nodeReport = `<testsuite name="outer > x">
  <testcase name="says &amp;quot;hi&amp;quot;" time="0.1" classname="test" failure="a > b">
    <failure type="testCodeFailure" message="a > b">Error</failure>
  </testcase>
  <testcase name="later" classname="test"><skipped type="skipped" message="no server"/></testcase>
  <testcase name="works" time="0.1" classname="test"/>
</testsuite>`;

it("counts the tests of Deno's report without the groups that hold them", () => {
  assert.deepEqual(corpusOutcome(readReport(denoReport), false), {
    passed: 2,
    failed: 1,
    skipped: 1,
    notes: ["failed: group <1> > breaks", "skipped: group <1> > later"],
  });
});

it("counts the tests of Node's report and says why one was skipped", () => {
  assert.deepEqual(corpusOutcome(readReport(nodeReport), false), {
    passed: 1,
    failed: 1,
    skipped: 1,
    notes: [`failed: says "hi"`, "skipped: later: no server"],
  });
});

it("counts a group that fails with nothing failed in it", () => {
  const report = `<testcase name="group" classname="a.ts"><failure message="hook"/></testcase>
    <testcase name="group > works" classname="a.ts"></testcase>`;
  assert.deepEqual(corpusOutcome(readReport(report), false), {
    passed: 1,
    failed: 1,
    skipped: 0,
    notes: ["failed: a.ts: group"],
  });
});

it("fails when the runner fails without a failed test, and when no test was run", () => {
  const passed = readReport(`<testcase name="a" classname="test"/>`);
  assert.equal(corpusOutcome(passed, true).failed, 0);
  assert.equal(corpusOutcome(passed, false).failed, 1);
  assert.equal(corpusOutcome([], true).failed, 1);
});

it("holds the table of dependencies to deno.json, both ways", () => {
  const table =
    "| dependency | where | why |\n| --- | --- | --- |\n| `tsx` | tests | runs them |\n";
  assert.deepEqual(dependencyFaults(["tsx"], table), []);
  assert.match(dependencyFaults(["tsx", "zod"], table).join(), /^zod is in deno\.json/);
  assert.match(dependencyFaults([], table).join(), /^tsx is in CONTRIBUTING\.md/);
  assert.match(dependencyFaults(["tsx"], table.replace("runs them", "")).join(), /no reason/);
});

it("holds what is needed at run time to the table of dependencies, both ways", () => {
  const table = "| `tsx` | tests | runs them |\n| `hash` | runtime | hashes |\n";
  const faults = (...packages: string[]) =>
    runtimeFaults({ what: "it", packages, where: ["runtime"] }, table);
  assert.deepEqual(faults("hash"), []);
  assert.match(faults("hash", "tsx").join(), /^it needs tsx/);
  assert.match(faults().join(), /^CONTRIBUTING\.md says that hash/);
});

it("bounds the packages and the bytes of a fresh install", () => {
  const packages = ["@faktory-ts/faktory", "commander", "router"];
  assert.equal(freshInstallFault({ packages, bytes: 2 * 1024 * 1024 }), undefined);
  assert.match(freshInstallFault({ packages, bytes: 2 * 1024 * 1024 + 1 })!, /of 2049 KiB: at/);
  assert.match(
    freshInstallFault({ packages: [...packages, "left-pad"], bytes: 1 })!,
    /^a fresh install is 4 packages \(@faktory-ts\/faktory, commander, router, left-pad\)/,
  );
});

it("fails by an audit that found something, and skips one that could not be made, saying why", () => {
  assert.equal(auditOutcome(`{"auditReportVersion":2,"vulnerabilities":{}}`).passed, 1);
  assert.deepEqual(auditOutcome(`{"vulnerabilities":{"hash":{"severity":"low"}}}`).notes, [
    "failed: advisories are known of hash",
  ]);
  assert.deepEqual(auditOutcome(`{"message":"405 Not Allowed - POST https://x.example/audit"}`), {
    passed: 0,
    failed: 0,
    skipped: 1,
    notes: [
      "skipped: the audit of dependencies, as npm could not make it: 405 Not Allowed - POST the registry",
    ],
  });
  for (const report of ["", "null", "[]", "npm: not found"]) {
    assert.equal(auditOutcome(report).skipped, 1, report);
  }
});

it("runs so many steps of a group at once, each of them once, and what comes after it last", async (t) => {
  t.mock.method(console, "log", () => {});
  const begun: string[] = [];
  const ends = new Map(["a", "b", "c"].map((name) => [name, deferred<void>()]));
  const step = (name: string): Step => ({
    name,
    async run() {
      begun.push(name);
      await ends.get(name)?.promise;
      if (name === "b") throw new Error("b is broken");
      return pass;
    },
  });
  const running = runSteps([{ atOnce: 2, steps: ["a", "b", "c"].map(step) }, step("last")]);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  assert.deepEqual(begun, ["a", "b"]);
  ends.get("b")?.resolve();
  await turn();
  assert.deepEqual(begun, ["a", "b", "c"]);
  ends.get("c")?.resolve();
  await turn();
  assert.deepEqual(begun, ["a", "b", "c"]);
  ends.get("a")?.resolve();
  assert.equal(await running, false);
  assert.deepEqual(begun, ["a", "b", "c", "last"]);
});

it("says at the end what failed, with its step, beside the sums", async (t) => {
  const log = t.mock.method(console, "log", () => {});
  const step: Step = { name: "types", run: () => Promise.resolve(fail("one does not fit")) };
  assert.equal(await runSteps([step]), false);
  const said = log.mock.calls.map(({ arguments: [line] }) => line as string);
  assert.equal(said.at(-2), "\ntypes: failed: one does not fit");
  assert.equal(said.at(-1), "\n0 passed, 1 failed, 0 skipped");
});
