import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Discard, Job, type JobOptions, Kill, Snooze } from "../../mod.ts";
import { FakeFaktory } from "../../src/testing/mod.ts";
import { chain, join, resultsOf, type WorkflowNode, Workflows } from "../../src/workflow/mod.ts";
import { Mortal } from "../faults/mortal.ts";
import { World } from "./simulated.ts";

const alone = () => [new Mortal(Infinity)];

/**
 * Runs a workflow of a job that ends by `end`, then one more job. Returns the types of the jobs
 * that ran.
 */
async function runOne(end: (job: Job) => unknown, options: JobOptions = {}): Promise<{
  ran: string[];
  alarm: Job | undefined;
  failed: readonly string[];
  state: string;
  id: string;
}> {
  const ran: string[] = [];
  let alarm: Job | undefined;
  await using world = await World.start({
    first(job) {
      ran.push("first");
      return end(job);
    },
    second: () => void ran.push("second"),
    alarm(job) {
      ran.push("alarm");
      alarm = job;
    },
  });
  const workflow = chain({ type: "first", ...options }, { type: "second" });
  const onDead = { type: "alarm", args: ["wake up"], custom: { mine: 1 } };
  const id = await world.begin(workflow, { onDead, statusDays: 7 });
  await world.run(alone, 24 * 60);
  await using producer = await world.connect(new Mortal(Infinity));
  const { failed, state } = await new Workflows().status(producer, id);
  return { ran, alarm, failed, state, id };
}

describe("a workflow", () => {
  it("goes on when a retry of a job succeeds", async () => {
    const { ran, state, failed } = await runOne((job) => {
      if (job.failure === undefined) throw new Error("at first");
    });
    assert.deepEqual(ran, ["first", "first", "second"]);
    assert.deepEqual([state, failed], ["succeeded", []]);
  });

  for (
    const [name, end, options] of [
      ["fails for the last time", () => Promise.reject(new Error("no")), { retry: 0 }],
      ["moves to the dead", () => Promise.reject(new Error("no")), { retry: -1 }],
      ["is discarded", () => new Discard("no use"), {}],
      ["is killed", () => Promise.reject(new Kill("no use")), { retry: 0 }],
    ] as const
  ) {
    it(`enqueues the job of onDead when a job ${name}`, async () => {
      const { ran, alarm, failed, state, id } = await runOne(end, options);
      assert.deepEqual(ran, ["first", "alarm"]);
      const jid = `${id}.0.0`;
      assert.deepEqual(alarm!.args, ["wake up"]);
      assert.deepEqual(alarm!.custom, { mine: 1, failed: { workflow: id, jid, type: "first" } });
      assert.deepEqual([state, failed], ["failed", [jid]]);
    });
  }

  it("starts nothing after a job that is snoozed", async () => {
    const { ran, state } = await runOne(() => new Snooze(60));
    assert.deepEqual([ran, state], [["first"], "running"]);
  });

  it("fails a job whose result cannot be passed on", async () => {
    for (const value of [{ text: "x".repeat(70_000) }, 5n]) {
      const { ran, state } = await runOne(() => value, { retry: 0 });
      assert.deepEqual(ran, ["first"], "its handler has succeeded: no alarm");
      assert.equal(state, "running");
    }
  });

  it("passes on results as JSON, and null for other values", async () => {
    const results: (readonly unknown[])[] = [];
    await using world = await World.start({
      give: ({ args: [value] }) => value === "nothing" ? undefined : { value },
      take: (job) => void results.push(resultsOf(job)),
    });
    const give = (value: string) => ({ type: "give", args: [value] });
    await world.begin(chain({ type: "take" }, give("a"), { type: "take" }));
    await world.begin(chain(join(give("b"), give("nothing")), { type: "take" }));
    await world.settle(alone);
    assert.deepEqual(results, [[], [{ value: "a" }], [{ value: "b" }, null]]);
  });

  it("is refused before anything is enqueued", async () => {
    await using faktory = await FakeFaktory.start();
    const workflows = new Workflows();
    const start = (node: unknown, options = {}) =>
      workflows.start(faktory.producer, node as WorkflowNode, options);
    await assert.rejects(start(chain({ type: "a" }, { type: "" })), { code: "INVALID_TYPE" });
    await assert.rejects(start({ type: "a", jid: "of-my-own" }), { code: "INVALID_JID" });
    await assert.rejects(start({ chain: [] }), { code: "INVALID_ARGUMENT" });
    await assert.rejects(start(undefined), { name: "InvalidJobError" });
    assert.throws(() => join(), { code: "INVALID_ARGUMENT" });
    for (
      const options of [{ id: "with spaces" }, { id: "short" }, { id: "x".repeat(101) }, {
        statusDays: -1,
      }]
    ) {
      await assert.rejects(start({ type: "a" }, options), { code: "INVALID_OPTION" });
    }
    await assert.rejects(start({ type: "a" }, { statusDay: 1 }), { code: "INVALID_OPTION" });
    assert.equal(faktory.jobs.length, 0);
  });

  it("takes instances of Job, and sets their ids", async () => {
    await using faktory = await FakeFaktory.start();
    const id = await new Workflows().start(faktory.producer, new Job("a", [1]), { id: "order-7" });
    assert.equal(id, "order-7");
    assert.deepEqual(faktory.jobs.map(({ jid, type, args }) => [jid, type, args]), [
      ["order-7.0", "a", [1]],
    ]);
  });

  it("has an unknown state if none is kept", async () => {
    await using faktory = await FakeFaktory.start();
    assert.deepEqual(await new Workflows().status(faktory.producer, "nowhere"), {
      ...{ state: "unknown", total: 0, succeeded: 0, failed: [] },
    });
  });
});
