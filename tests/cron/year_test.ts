import assert from "node:assert/strict";
import { it } from "node:test";
import { Schedule, type ScheduleEntries } from "../../src/cron/mod.ts";
import { randomFrom, seed } from "../properties.ts";
import { type Process, World } from "./world.ts";

const HOUR = 3_600_000;
/** Long, so that a year does not need millions of ticks. */
const GUARD = 48 * HOUR;

const entries: ScheduleEntries = {
  nightly: { cron: "30 2 * * *", timeZone: "Europe/Berlin", job: { type: "nightly" } },
  often: { cron: "15 */6 * * *", timeZone: "Europe/Berlin", job: { type: "often", args: [1] } },
  weekly: { cron: "@weekly", timeZone: "America/New_York", job: { type: "weekly" } },
  daily: { every: "1d", job: (firing) => ({ type: "daily", args: [firing.toISOString()] }) },
};

const name =
  "enqueues each firing of a year once, by 20 processes whose clocks are wrong and that crash";

// Bun's default is five seconds, which is too short for a busy machine.
it(name, { timeout: 120_000 }, async () => {
  const next = randomFrom(seed);
  await using world = new World("2026-01-01T00:00:00Z");
  const alive: Process[] = [];
  const start = async () => {
    const skewMs = Math.round((next() - 0.5) * 6 * HOUR);
    alive.push(await world.start(entries, { guardMs: GUARD, skewMs }));
  };
  for (let i = 0; i < 20; i++) await start();
  let crashes = 0;
  const end = Date.UTC(2027, 0, 1);
  while (world.clock.now() < end) {
    await world.pass(Math.round((8 + next() * 16) * HOUR), 12 * HOUR);
    // Never ends all of them, but sometimes nearly all.
    while (alive.length > 1 && next() < 0.3) {
      await alive.splice(Math.floor(next() * alive.length), 1)[0]!.crash();
      crashes++;
    }
    while (alive.length < 20 && next() < 0.2) await start();
  }
  assert(crashes > 100, `${crashes} crashes`);
  const schedule = new Schedule(entries);
  let total = 0;
  for (const name of schedule.entries) {
    const from = new Date(Date.UTC(2026, 0, 1) + GUARD - 1);
    const wanted = schedule.next(name, { after: from, count: 2000 })
      .filter((time) => time.getTime() <= world.clock.now() - 5000)
      .map((time) => time.toISOString());
    assert.deepEqual(world.firings(name).slice(0, wanted.length), wanted, name);
    assert(world.firings(name).length - wanted.length <= 1, name);
    total += wanted.length;
  }
  assert.equal(new Set(world.enqueued.map(({ jid }) => jid)).size, world.enqueued.length);
  console.log(`${total} firings, ${crashes} crashes`);
});
