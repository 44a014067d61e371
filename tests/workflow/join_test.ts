import assert from "node:assert/strict";
import { test } from "node:test";
import { sendCommand } from "../../src/producer/producer.ts";
import { acknowledge, fetchJob } from "../../src/protocol/commands/jobs.ts";
import type { JoinJob } from "../../src/workflow/join_job.ts";
import { runJoin } from "../../src/workflow/joiner.ts";
import { chain, join } from "../../src/workflow/mod.ts";
import { pushAll, tokenOf } from "../../src/workflow/tokens.ts";
import { Mortal } from "../faults/mortal.ts";
import { World } from "./simulated.ts";

const alone = () => [new Mortal(Infinity)];

test("jobs that look at a join while its tokens are reserved leave one check behind", async () => {
  const ran: string[] = [];
  await using world = await World.start({ next: () => void ran.push("next") });
  await world.begin(chain(join({ type: "part" }), { type: "next" }));
  await using producer = await world.connect(new Mortal(Infinity));
  // The part succeeds, and its worker pushes a token and a join job.
  const part = (await sendCommand(producer, fetchJob(["default"])))!;
  const { then } = part.custom["workflow"] as { then: JoinJob };
  const { tokens, of, step } = then;
  await pushAll(producer, [tokenOf(tokens, { 0: "value" })]);
  await sendCommand(producer, acknowledge(part.jid));
  // A program takes all tokens, and crashes before it schedules a check.
  while (world.server.snapshot().queues[tokens]! > 0) {
    await sendCommand(producer, fetchJob([tokens]));
  }

  const joinJob = { tokens, of, step };
  for (let look = 0; look < 3; look++) {
    await world.moving(runJoin(producer, joinJob, "default"));
  }
  assert.equal(world.server.snapshot().scheduled, 1);
  assert.deepEqual(ran, []);

  await world.settle(alone);
  assert.deepEqual(ran, ["next"]);
});
