import type { ConsumerProcess } from "./consumers.ts";
import { IDLE_MS, whenCut, whenIdle, whenIdleWithJobs } from "./rules/consumers.ts";
import type { World } from "./world.ts";

/** Interval of the looks for consumers that send no FETCHes, and for idle ones, in milliseconds. */
const LOOK_FETCHES_MS = 2500;
const LOOK_IDLE_MS = 5000;

/** Time after a fault in which a consumer may have to reconnect, in milliseconds. */
const RECOVERY_MS = 25_000;

/** Time after which a consumer must fetch again if its connections were cut, in milliseconds. */
const FETCH_AGAIN_MS = 6000;

/** Maximum number of connections from which no program has to wait for one. */
export const MANY_CONNECTIONS = 1000;

/** Checks that consumers without work send FETCHes, from now on. */
export function watchFetches(world: World): void {
  const { timeline } = world;
  timeline.at(timeline.now + LOOK_FETCHES_MS, () => {
    watchFetches(world);
    if (mayWaitForConnections(world)) return;
    for (const member of membersOf(world)) checkFetches(world, member);
  });
}

function checkFetches({ ledger }: World, member: ConsumerProcess): void {
  const { worker, process } = member;
  const troubledUntil = Math.max(process.troubledAt, ledger.server.troubledAt) + RECOVERY_MS;
  const isBusy = !isIdle(member) || troubledUntil > ledger.now;
  if (isBusy || ledger.judge(whenIdle, { worker, process })) worker.busyAt = ledger.now;
}

/** Checks that no consumer is idle while jobs wait, from now on. */
export function watchIdle(world: World): void {
  const { timeline, server, ledger, plan } = world;
  timeline.at(timeline.now + LOOK_IDLE_MS, () => {
    watchIdle(world);
    const { state } = server;
    if (state === undefined || ledger.server.troubledAt > timeline.now - IDLE_MS) return;
    const { queues } = state.context.manager;
    const isWaiting = plan.queues.some((name) =>
      !queues.isPaused(name) && (queues.sizeOf(name) ?? 0) > 0
    );
    for (const member of membersOf(world)) {
      const { worker, process } = member;
      if (!isWaiting || worker.hasStarted || !isIdle(member)) worker.idleSince = timeline.now;
      worker.hasStarted = false;
      ledger.judge(whenIdleWithJobs, { worker, process });
    }
  });
}

/** Cuts all connections, and checks that each consumer fetches again soon. */
export async function cutConnections(world: World): Promise<void> {
  const { timeline, ledger, network } = world;
  const cutAt = timeline.now;
  for (const link of network.links) link.cut();
  await timeline.run(() => false, cutAt + FETCH_AGAIN_MS);
  if (mayWaitForConnections(world)) return;
  for (const { worker, process, isUnlimited } of membersOf(world)) {
    const hasFreeSlot = isUnlimited && worker.handlers < worker.concurrency;
    if (hasFreeSlot) ledger.judge(whenCut, { worker, process, atMs: cutAt });
  }
}

/** True if the server is down, or if it takes so few connections that a consumer may wait for one. */
function mayWaitForConnections({ server, plan }: World): boolean {
  return server.state === undefined || plan.server.maxConnections < MANY_CONNECTIONS;
}

function membersOf({ consumers }: World): ConsumerProcess[] {
  return consumers.places.map((place) => consumers.at(place));
}

/** True if a consumer runs no job, and nothing keeps it from fetching one. */
function isIdle({ worker, process, consumer, isUnlimited }: ConsumerProcess): boolean {
  return worker.handlers === 0 && consumer.running.length === 0 &&
    consumer.state === "running" && !worker.isEnding && !process.isPaused && isUnlimited;
}
