import assert from "node:assert/strict";
import { it } from "node:test";
import type { ScheduleEntries } from "../../src/cron/mod.ts";
import { everyDeath } from "../faults/mortal.ts";
import { World } from "./world.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Bun's default is five seconds, which is too short for a busy machine. */
const LONG = { timeout: 120_000 };

function times(...hours: string[]): string[] {
  return hours.map((hour) => `2026-03-01T${hour}:00.000Z`);
}

/**
 * Starts a process in a new world, lets it die after each of its commands in turn, and calls
 * `after` each time. Returns the number of deaths.
 */
function dieEverywhere(
  entries: ScheduleEntries,
  { before, after }: {
    before(world: World): Promise<void>;
    after(world: World, hint: string): Promise<void>;
  },
): Promise<number> {
  return everyDeath(["unsent"], async (program, hint) => {
    await using world = new World("2026-03-01T00:10:00Z");
    await before(world);
    const mortal = await world.start(entries, { program });
    await world.pass(2 * MINUTE, 10 * SECOND);
    await mortal.crash();
    await after(world, hint);
  });
}

it(
  "a process dies after any command as it changes a schedule: each firing once",
  LONG,
  async () => {
    const same: ScheduleEntries = { same: { every: "1h", job: { type: "same" } } };
    const moved = (cron: string): ScheduleEntries => ({ moved: { cron, job: { type: "moved" } } });
    const entries = { ...same, ...moved("45 * * * *") };
    const deaths = await dieEverywhere(entries, {
      async before(world) {
        const gone: ScheduleEntries = { gone: { every: "1h", job: { type: "gone" } } };
        await (await world.start({ ...same, ...gone, ...moved("30 * * * *") })).crash();
      },
      async after(world, hint) {
        await world.start(entries);
        await world.pass(2 * MINUTE, 10 * SECOND);
        await world.pass(4 * HOUR, MINUTE);
        assert.deepEqual(world.firings("same"), times("01:00", "02:00", "03:00", "04:00"), hint);
        assert.deepEqual(world.firings("moved"), times("00:45", "01:45", "02:45", "03:45"), hint);
        assert.deepEqual(world.firings("gone"), [], hint);
      },
    });
    assert(deaths > 15, `${deaths} places to die`);
  },
);

it("a process dies after any command as it catches up: each firing once", LONG, async () => {
  const entries: ScheduleEntries = {
    hourly: { every: "1h", job: { type: "hourly" }, catchUp: "all" },
  };
  let deaths = 0;
  for (const heirAfter of [10 * SECOND, 7 * MINUTE]) {
    deaths += await dieEverywhere(entries, {
      async before(world) {
        const first = await world.start(entries);
        await world.pass(5 * MINUTE, 10 * SECOND);
        await first.crash();
        // 01:00, 02:00 and 03:00 are on the server.
        await world.pass(5 * HOUR + 15 * MINUTE, 15 * MINUTE);
      },
      async after(world, hint) {
        await world.pass(heirAfter, 10 * SECOND);
        await world.start(entries);
        await world.pass(5 * MINUTE, 10 * SECOND);
        await world.pass(2 * HOUR, MINUTE);
        const hours = Array.from({ length: 7 }, (_, index) => `0${index + 1}:00`);
        assert.deepEqual(world.firings("hourly").sort(), times(...hours), hint);
      },
    });
  }
  assert(deaths > 20, `${deaths} places to die`);
});

it("a process dies after any command, and none runs for hours: never twice", LONG, async () => {
  const entries: ScheduleEntries = {
    hourly: { every: "1h", job: { type: "hourly" }, catchUp: "all" },
  };
  let withdrawn = 0;
  const deaths = await dieEverywhere(entries, {
    async before(world) {
      const first = await world.start(entries);
      await world.pass(48 * MINUTE + 50 * SECOND, 10 * SECOND);
      await first.crash();
    },
    async after(world, hint) {
      // At 01:01 the firings of 02:00 and 03:00 are scheduled, unless the process died after it had
      // withdrawn them and before it pushed the new ones.
      const isWhole = world.server.snapshot().scheduled >= 2;
      if (!isWhole) withdrawn++;
      await world.pass(6 * HOUR, 10 * MINUTE);
      await world.start(entries);
      await world.pass(5 * MINUTE, 10 * SECOND);
      const firings = world.firings("hourly").sort();
      const hours = Array.from({ length: 7 }, (_, index) => `0${index + 1}:00`);
      if (isWhole) assert.deepEqual(firings, times(...hours), hint);
      assert.equal(new Set(firings).size, firings.length, hint);
    },
  });
  assert(deaths > 10, `${deaths} places to die`);
  assert(withdrawn < deaths / 2, `${withdrawn} places between the withdrawal and the push`);
});
