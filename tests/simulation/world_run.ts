import { createJid } from "../../src/job/jid.ts";
import { peekJob } from "../../src/server/stored_job.ts";
import { CalmPhase } from "./calm.ts";
import { countMarks } from "./cancels.ts";
import { cutConnections, watchFetches, watchIdle } from "./idle_checks.ts";
import { WAITS, whenCallsStayOpen, whenCompared, whenWorldEnds } from "./rules/world.ts";
import { finishSchedules } from "./schedule_checks.ts";
import { STORM_SHARE, type World } from "./world.ts";

/** Longest time until the calls of producers settle after the last fault, in milliseconds. */
const CALLS_MS = 100_000;

/** A time that is longer than any run of a handler, in milliseconds. */
const QUIET_MS = 100_000;

/** Simulates a world to its end, and judges it. */
export async function runWorld(world: World): Promise<void> {
  startIds();
  await start(world);
  await storm(world);
  await settleCalls(world);
  await new CalmPhase(world, world.options.jobs * (1 - STORM_SHARE)).run();
  await stopProducers(world);
  await drain(world);
  await stopConsumers(world);
  judge(world);
}

/** Waits for something. If that takes too long, the rule of this name is violated. */
export async function until(
  { timeline, ledger, producers, consumers, server }: World,
  rule: keyof typeof WAITS,
  isSo: () => boolean,
): Promise<boolean> {
  if (await timeline.run(isSo, timeline.now + WAITS[rule])) return true;
  const names = [...producers.ending, ...consumers.ending].map(({ process }) => process.name);
  for (const { jid, promised, producer, waiting, working } of ledger.entries()) {
    const isPending = promised === "nothing" && producer?.isDead === false;
    if (isPending || waiting + working > 0) names.push(jid);
    if (names.length > 5) break;
  }
  const { connections, waiting, workers } = server.state?.snapshot() ?? {};
  const clients = `${connections} connections, ${waiting} FETCHes, ${workers} workers`;
  ledger.violated(rule, `${ledger.open} jobs, ${clients}: ${names.join(", ")}`);
  return false;
}

/** Makes the library draw a new id prefix, so that the next ids come from this world's numbers. */
function startIds(): void {
  const before = createJid().slice(0, -2);
  while (createJid().startsWith(before));
}

async function start(world: World): Promise<void> {
  const { server, plan } = world;
  void server.start();
  await until(world, "a server starts", () => server.state !== undefined);
  world.consumers.start();
  world.producers.start();
  world.schedulers.start();
  watchFetches(world);
  void world.flows.start(plan.flows, 500);
  void world.batches?.start(plan.batches, 500);
  void world.cancels?.start(plan.cancelEveryMs!);
  world.outbox?.start();
}

/** Injects random faults until all jobs are enqueued, and for some time after that. */
async function storm(world: World): Promise<void> {
  const { timeline, load, options: { minutes = 30 } } = world;
  world.storm.begin();
  await timeline.run(() => load.left === 0, minutes * 60_000);
  load.left = 0;
  await timeline.run(() => false, timeline.now + world.plan.aftermathMs);
  world.storm.end();
  world.isCalm = true;
  world.cancels?.stop();
  world.network.heal();
  world.disk?.heal();
  world.outbox?.heal();
}

/** Waits until producers can reach the server again, and checks that their calls settle. */
async function settleCalls({ timeline, ledger, producers, server }: World): Promise<void> {
  const isSettled = () => producers.places.every((place) => producers.at(place).open === 0);
  const atMs = timeline.now;
  await timeline.run(isSettled, atMs + CALLS_MS);
  const isServerUp = server.state !== undefined;
  for (const place of producers.places) {
    const { open, process } = producers.at(place);
    if (open > 0) ledger.judge(whenCallsStayOpen, { open, process, atMs, isServerUp });
  }
}

async function stopProducers(world: World): Promise<void> {
  const { producers, flows, batches, cancels } = world;
  producers.stop(0);
  await until(
    world,
    "every call settles, and every producer ends",
    () =>
      producers.ending.length === 0 && flows.starting === 0 && (batches?.starting ?? 0) === 0 &&
      cancels?.isIdle !== false,
  );
  await world.outbox?.finish();
}

/** Waits until all jobs have ended. */
async function drain(world: World): Promise<void> {
  const { consumers, ledger, timeline, batches, plan: { queues } } = world;
  void world.admin.insist("resume all queues");
  consumers.start();
  for (const place of consumers.places) consumers.at(place).consumer.setQueues([...queues]);
  await finishSchedules(world);
  watchIdle(world);
  // A handler that still runs after a FLUSH may requeue its job.
  const hasEnded = () => ledger.open === countLeft(world) && batches?.areOver !== false;
  for (let isOver = false; !isOver; isOver = hasEnded()) {
    if (!await until(world, "every job ends", hasEnded)) break;
    await cutConnections(world);
    await timeline.run(() => false, timeline.now + QUIET_MS);
  }
}

async function stopConsumers(world: World): Promise<void> {
  const { consumers, server } = world;
  void world.admin.stop();
  consumers.stop(5000);
  await until(world, "every consumer ends", () => consumers.ending.length === 0);
  await until(world, "every connection ends", () => {
    const { connections, waiting, workers } = server.state?.snapshot() ?? {};
    return connections === 0 && waiting === 0 && workers === 0;
  });
}

/** Checks the state at the end. */
function judge(world: World): void {
  const { ledger, server: { state } } = world;
  world.flows.judge();
  world.batches?.judge();
  let deadInLedger = 0;
  for (const entry of ledger.entries()) {
    ledger.judge(whenWorldEnds, { entry });
    deadInLedger += entry.dead;
  }
  if (state === undefined) return;
  const { queues: sizes, scheduled, retries, working, dead } = state.snapshot();
  const { queues } = state.context.manager;
  ledger.judge(whenCompared, {
    has: {
      pending: Object.values(sizes).reduce((sum, size) => sum + size, scheduled + retries),
      working,
      dead,
    },
    due: { pending: countLeft(world), working: 0, dead: deadInLedger },
    some: queues.names().flatMap((name) =>
      queues.page(name, 0, 3).map((payload) => `${name}: ${peekJob(payload).jid}`)
    ),
  });
  state.close();
}

/** Number of jobs that may remain on the server. */
function countLeft({ server: { state }, flows }: World): number {
  return state === undefined ? 0 : flows.countLeft(state) + countMarks(state);
}
