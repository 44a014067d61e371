import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, type Producer } from "../../mod.ts";
import type { FaktoryServer } from "../../src/server/mod.ts";
import { chain, join, Workflows } from "../../src/workflow/mod.ts";
import { findWorkflows, workflowOf } from "../../src/dashboard/workflows.ts";
import { EmbeddedSource } from "../../src/dashboard/source.ts";
import { textOf, withDashboard } from "./setting.ts";

/** Runs `count` jobs of workflows. Jobs of the type `fails` fail. */
async function run(server: FaktoryServer, count: number): Promise<void> {
  const consumer = new Consumer({ url: server.url, concurrency: 1 });
  new Workflows().attach(consumer);
  for (const type of ["resize", "publish", "check"]) consumer.register(type, () => type);
  consumer.register("fails", () => {
    throw new RangeError("no such picture");
  });
  await consumer.run({ maxJobs: count });
}

const PHOTOS = chain(
  join({ type: "resize" }, { type: "check" }, { type: "fails", retry: -1 }),
  { type: "publish", queue: "web" },
);

async function find(server: FaktoryServer, id?: string) {
  const source = new EmbeddedSource(server);
  return await findWorkflows(source, source, id);
}

function start(producer: Producer, id: string, statusDays = 0): Promise<string> {
  return new Workflows().start(producer, PHOTOS, { id, statusDays });
}

test("a workflow is shown with the state of its jobs, and is not changed", async () => {
  await withDashboard({}, async ({ visit, server, producer }) => {
    await start(producer, "cat-photos", 7);
    const before = server.snapshot();
    const { workflows: [first], isComplete } = await find(server);
    assert.equal(isComplete, true);
    assert.deepEqual([first?.id, first?.state, first?.total, first?.succeeded], [
      ...["cat-photos", "running"],
      ...[4, []],
    ]);
    assert.deepEqual(first?.jobs.map(({ type, path, place, next }) => [type, path, place, next]), [
      ["resize", "0.0.0", "queue", "join → publish"],
      ["check", "0.0.1", "queue", "join → publish"],
      ["fails", "0.0.2", "queue", "join → publish"],
    ]);
    assert.deepEqual(server.snapshot(), before);
    assert.match(
      textOf((await visit("/workflows")).text),
      /cat-photos running 0 of 4 jobs .* resize 0\.0\.0 waits on its queue .* publish 0\.1 not/,
    );

    await run(server, 3);
    const { workflows: [failed] } = await find(server, "cat-photos");
    assert.deepEqual([failed?.state, failed?.succeeded], ["failed", ["0.0.0", "0.0.1"]]);
    assert.deepEqual(failed?.joins, [{ path: "0.0", succeeded: 2 }]);
    const text = textOf((await visit("/workflows?id=cat-photos")).text);
    assert.match(text, /2 of 4 jobs succeeded The join at 0\.0 waits: 2 parts done\./);
    assert.match(text, /resize 0\.0\.0 succeeded check 0\.0\.1 succeeded fails 0\.0\.2 dead/);
    assert.deepEqual(failed?.steps.map(({ path, type, state }) => [path, type, state]), [
      ...[["0.0.0", "resize", "succeeded"], ["0.0.1", "check", "succeeded"]],
      ...[["0.0.2", "fails", "dead"], ["0.1", "publish", "pending"]],
    ]);
    assert.match(
      textOf((await visit("/job?jid=cat-photos.0.0.2")).text),
      /Workflow cat-photos , step 0\.0\.2/,
    );
    assert.deepEqual((await find(server, "other")).workflows, []);
  });
});

test("a finished workflow stays only if it keeps its state", async () => {
  await withDashboard({}, async ({ visit, server, producer }) => {
    const node = chain({ type: "resize" }, { type: "publish" });
    await new Workflows().start(producer, node, { id: "kept-one", statusDays: 1 });
    await new Workflows().start(producer, node, { id: "lost-one" });
    const found = async () => (await find(server)).workflows.map(({ id, state }) => [id, state]);
    assert.deepEqual((await found()).sort(), [["kept-one", "running"], ["lost-one", "running"]]);
    const lost = textOf((await visit("/workflows?id=lost-one")).text);
    assert.match(lost, /resize 0\.0 waits on its queue then publish/);
    await run(server, 4);
    assert.deepEqual(await found(), [["kept-one", "succeeded"]]);
    const text = textOf((await visit("/workflows")).text);
    assert.match(text, /resize 0\.0 succeeded publish 0\.1 succeeded/);
    assert.match(text, /kept-one succeeded 2 of 2 jobs succeeded/);
    const api = JSON.parse((await visit("/api/workflows?id=kept-one")).text);
    assert.deepEqual(api.workflows[0].succeeded.sort(), ["0.0", "0.1"]);
  });
});

test("data that only looks like a workflow is harmless", async () => {
  for (const workflow of [null, 7, "x", [], {}, { id: 1, path: "0" }, { id: "a" }]) {
    assert.equal(workflowOf({ workflow }), undefined);
  }
  let deep: unknown = { job: { type: "end" } };
  for (let i = 0; i < 5000; i++) deep = i % 2 === 0 ? { chain: [deep] } : { join: [deep, null] };
  const odd = [{ plan: deep }, { plan: { chain: 7 } }, { tokens: 1, step: "x" }, { then: {} }];
  for (const then of odd) {
    const { next = "" } = workflowOf({ workflow: { id: "a", path: "0", then } }) ?? {};
    assert.equal(typeof next, "string");
    assert(next.length < 1000, next);
  }
  const custom = { workflow: { id: "<b>odd</b>", path: "../..", then: { plan: 7 } } };
  const jobs = [
    { type: "a", custom },
    { type: "faktory.workflow.token", args: [{ facts: 7 }], queue: "faktory.workflow.odd-one" },
    { type: "a", args: ["no token"], queue: "faktory.workflow.odd-one.0.1" },
    { type: "a", args: [], queue: "faktory.workflow." },
  ];
  await withDashboard({ jobs }, async ({ visit }) => {
    const { status, text } = await visit("/workflows");
    assert.equal(status, 200);
    assert(!text.includes("<b>odd"), text);
    assert.match(textOf(text), /<b>odd<\/b> running/);
    assert.equal((await visit(`/workflows?id=${encodeURIComponent('"><b>')}`)).status, 200);
  });
});
