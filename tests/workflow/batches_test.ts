import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineJobs, Discard, job, Producer } from "../../mod.ts";
import { RemoteInspector } from "../../src/inspect/remote.ts";
import type { ServerBatch } from "../../src/server/mod.ts";
import { chain, join, type WorkflowNode, Workflows } from "../../src/workflow/mod.ts";
import { Mortal } from "../faults/mortal.ts";
import { type Edition, type Handlers, World } from "./simulated.ts";

const alone = () => [new Mortal(Infinity)];
const last = { type: "last" };
const parts = (count: number) => Array.from({ length: count }, () => ({ type: "part" }));

/** Starts a workflow on a server with batches, and counts the jobs that ran. */
async function started(
  node: WorkflowNode,
  { handlers = {}, edition = "enterprise" }: { handlers?: Handlers; edition?: Edition } = {},
) {
  const runs = { part: 0, last: 0 };
  const world = await World.start({
    part: () => void runs.part++,
    last: () => void runs.last++,
    ...handlers,
  }, edition);
  await world.begin(node);
  return { world, runs };
}

/** Returns the batches of a world's server. */
async function batchesOf(world: World): Promise<ServerBatch[]> {
  await using producer = await world.connect(new Mortal(Infinity));
  return await (await RemoteInspector.of(producer))!.batches();
}

const totalsOf = async (world: World) => (await batchesOf(world)).map(({ total }) => total);

describe("a join on a server with batches", () => {
  it("lets a batch count its jobs, so that each job need not check the tokens", async () => {
    const commands = async (edition: Edition) => {
      const { world, runs } = await started(chain(join(...parts(50)), last), { edition });
      await using _ = world;
      await world.run(alone, 1);
      assert.deepEqual(runs, { part: 50, last: 1 }, "without a check");
      await using producer = await world.connect(new Mortal(Infinity));
      return (await producer.info()).server.commandCount;
    };
    const [free, enterprise] = [await commands("free"), await commands("enterprise")];
    assert.ok(free > 600, `${free} commands by tokens alone`);
    assert.ok(enterprise < 320, `${enterprise} commands with a batch`);
  });

  it("counts only parts that are jobs, at least two, and not in the user's batches", async () => {
    const { world, runs } = await started(join({ type: "part" }, chain(...parts(2))));
    await using _ = world;
    await using producer = await world.connect(new Mortal(Infinity));
    await producer.batches.open({ success: { type: "mine" } }, async ({ bid }) => {
      await world.begin(join({ type: "part" }, { type: "part", custom: { bid } }));
    });
    await world.begin(join(...parts(3), chain(...parts(2)), join(...parts(2))));
    assert.deepEqual((await totalsOf(world)).sort(), [1, 2, 3]);
    await world.run(alone, 1);
    assert.equal(runs.part, 12);
  });

  it("does not start early if the batch counts a job that did not succeed", async () => {
    let runs = 0;
    const end = () => runs++ === 0 ? new Discard("no use") : undefined;
    const { world, runs: ran } = await started(chain(join(...parts(2)), last), {
      handlers: { part: end },
    });
    await using _ = world;
    await world.run(alone, 60);
    const [batch] = await batchesOf(world);
    assert.equal(batch!.callbacks.success, "done");
    assert.deepEqual([runs, ran.last], [2, 0]);
  });

  it("starts by a check if the callback of the batch never comes", async () => {
    const { world, runs } = await started(chain(join(...parts(2)), last));
    await using _ = world;
    // Reopens the batch, as if the program had died before the commit.
    await using producer = await world.connect(new Mortal(Infinity));
    await producer.command("BATCH", `OPEN ${(await batchesOf(world))[0]!.bid}`);
    await world.run(alone, 1);
    assert.deepEqual(runs, { part: 2, last: 0 });
    await world.run(alone, 3);
    assert.deepEqual(runs, { part: 2, last: 1 });
  });
});

it("a workflow's own jobs go to the queue of its first job, by the catalogue's defaults", async () => {
  await using world = await World.start({}, "enterprise");
  const jobs = defineJobs({ part: job<[]>({ queue: "images" }) });
  const { url, transport } = world.server;
  await using producer = await Producer.connect({ url, transport, jobs });
  await new Workflows().start(producer, join(...parts(2)), { statusDays: 1 });
  const inspector = await RemoteInspector.of(producer as Producer);
  const { jobs: own } = await inspector!.jobs({ set: "scheduled" });
  assert.deepEqual(own.map(({ type, queue }) => [type, queue]), [
    ["faktory.workflow.join", "images"],
    ["faktory.workflow.forget", "images"],
  ]);
});
