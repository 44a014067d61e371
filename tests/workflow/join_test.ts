import assert from "node:assert/strict";
import { test } from "node:test";
import { sendCommand } from "../../src/producer/producer.ts";
import { acknowledge, fetchJob } from "../../src/protocol/commands/jobs.ts";
import type { JoinJob } from "../../src/workflow/join_job.ts";
import { runJoin } from "../../src/workflow/joiner.ts";
import { chain, join, Workflows } from "../../src/workflow/mod.ts";
import { pushAll, tokenOf } from "../../src/workflow/tokens.ts";
import { Mortal } from "../faults/mortal.ts";
import { turn } from "../faults/wall_clock.ts";
import { World } from "./simulated.ts";

const alone = () => [new Mortal(Infinity)];

/** Starts a join of two parts, lets the first one succeed, and returns the arguments of its job. */
async function startJoin(world: World): Promise<JoinJob> {
  await world.begin(chain(join({ type: "part" }, { type: "part" }), { type: "next" }));
  await using producer = await world.connect(new Mortal(Infinity));
  const part = (await sendCommand(producer, fetchJob(["default"])))!;
  const { then } = part.custom["workflow"] as { then: JoinJob };
  const { tokens, of, step } = then;
  await pushAll(producer, [tokenOf(tokens, { 0: "value" })]);
  await sendCommand(producer, acknowledge(part.jid));
  return { tokens, of, step };
}

test("jobs that look at a join while its tokens are reserved leave one check behind", async () => {
  const ran: string[] = [];
  const run = (name: string) => () => void ran.push(name);
  await using world = await World.start({ part: run("part"), next: run("next") });
  const joinJob = await startJoin(world);
  const { tokens } = joinJob;
  await using producer = await world.connect(new Mortal(Infinity));
  // A program takes all tokens, and crashes before it schedules a check.
  while (world.server.snapshot().queues[tokens]! > 0) {
    await sendCommand(producer, fetchJob([tokens]));
  }
  for (let look = 0; look < 3; look++) {
    await world.moving(runJoin(producer, joinJob, "default"));
  }
  assert.equal(world.server.snapshot().scheduled, 1);
  assert.deepEqual(ran, []);

  await world.settle(alone);
  assert.deepEqual(ran, ["part", "next"]);
});

/** Resolves to true if `work` ends while the clock stands still, so that no FETCH may wait. */
async function endsAtOnce(work: Promise<unknown>): Promise<boolean> {
  let isOver = false;
  work.finally(() => isOver = true).catch(() => {});
  for (let turns = 0; turns < 2000 && !isOver; turns++) await turn();
  return isOver;
}

test("an ACK beside a look at a join is answered at once, whoever has the tokens", async () => {
  await using world = await World.start({});
  const joinJob = await startJoin(world);
  const programs = await Promise.all(
    Array.from({ length: 8 }, () => world.connect(new Mortal(Infinity))),
  );
  // They take each other's tokens and marks. Each has one connection, as a worker's results have.
  const looks = programs.map((producer) => runJoin(producer, joinJob, "default"));
  const acks = programs.map(async (producer) => {
    for (let i = 0; i < 20; i++) await sendCommand(producer, acknowledge("another-job"));
  });
  assert.ok(await endsAtOnce(Promise.all(acks)));
  assert.ok(await endsAtOnce(Promise.all(looks)));
  for (const producer of programs) await producer.close();
});

test("a look at a join ends after one FETCH if the server hands out no jobs", async () => {
  await using world = await World.start({});
  const joinJob = await startJoin(world);
  await using producer = await world.connect(new Mortal(Infinity));
  // Creates the queue of marks.
  await runJoin(producer, joinJob, "default");
  await producer.queues.pause("*");
  const from = world.clock.now();
  await world.moving(runJoin(producer, joinJob, "default"));
  const waitedMs = world.clock.now() - from;
  assert.ok(waitedMs < 10_000, `${waitedMs} ms`);
});

test("the last check of a join removes its queues without a FETCH", async () => {
  await using world = await World.start({});
  const joinJob = await startJoin(world);
  await using producer = await world.connect(new Mortal(Infinity));
  await runJoin(producer, joinJob, "default");
  await producer.queues.pause("*");
  const check = { ...joinJob, everySeconds: 7200, isDone: true };
  assert.ok(await endsAtOnce(runJoin(producer, check, "default")));
  assert.deepEqual(Object.keys(world.server.snapshot().queues), ["default"]);
});

test("programs that read the state of a workflow at once do not wait for each other", async () => {
  await using world = await World.start({});
  const id = await world.begin({ type: "part" }, { statusDays: 1 });
  const programs = await Promise.all([1, 2, 3].map(() => world.connect(new Mortal(Infinity))));
  const reads = programs.map((producer) => new Workflows().status(producer, id));
  assert.ok(await endsAtOnce(Promise.all(reads)));
  assert.ok((await Promise.all(reads)).some(({ state }) => state === "running"));
  for (const producer of programs) await producer.close();
});
