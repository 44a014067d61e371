import { whenFiredAgain } from "./rules/world.ts";
import { firingOf } from "./schedules.ts";
import { until } from "./world_run.ts";
import type { World } from "./world.ts";

/** Time for which schedules continue after the last fault, in milliseconds. */
const CALM_MS = 12 * 60_000;

/** Longest delay of a job of a schedule after the last fault, in milliseconds. */
const LATE_MS = 120_000;

/** Checks that each firing is enqueued once, from now on. */
export function watchFirings({ ledger, schedulers }: World): void {
  ledger.pushWatchers.push(({ entry, isNew }) => {
    if (entry.pushes === 1 || !isNew || firingOf(entry.jid) === undefined) return;
    const times = schedulers.places.map((place) => schedulers.at(place).process.troubledAt);
    const schedulersTroubledAt = Math.max(schedulers.killedAt, ...times);
    ledger.judge(whenFiredAgain, { entry, schedulersTroubledAt });
  });
}

/** Lets the schedules continue for a while without faults, and checks their jobs. */
export async function finishSchedules(world: World): Promise<void> {
  const { timeline, plan: { schedule }, ledger, schedulers, server } = world;
  if (schedule === undefined) return;
  schedulers.start();
  const from = timeline.now + CALM_MS / 2;
  await timeline.run(() => false, timeline.now + CALM_MS);
  const seen = new Set<string>();
  for (const { jid, pushes } of ledger.entries()) {
    const firing = firingOf(jid);
    if (firing !== undefined && pushes > 0) seen.add(`${firing.name} ${firing.seconds}`);
  }
  const serverNow = server.process.now();
  const worldAt = (ms: number) => serverNow - timeline.now + ms;
  for (const every of new Set(schedule.everySeconds)) {
    const first = Math.ceil(worldAt(from) / 1000 / every) * every;
    // The server checks its scheduled jobs every five seconds, and a consumer must run the job.
    for (let at = first; at * 1000 < serverNow - LATE_MS; at += every) {
      const firing = `every-${every}s ${at}`;
      if (seen.has(firing)) ledger.count("firings that were looked at");
      else ledger.violated("a schedule fires", firing);
    }
  }
  schedulers.stop(0);
  await until(world, "every schedule ends", () => schedulers.ending.length === 0);
}
