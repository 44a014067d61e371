import assert from "node:assert/strict";
import { it } from "node:test";
import { ConfigError, Producer } from "../../../mod.ts";
import { ManualClock, type ServerCron } from "../../../src/server/mod.ts";
import { MemoryServer } from "../../../src/testing/mod.ts";

const MINUTE = 60_000;

/** Returns the minutes at which a schedule fires, from `start` on. */
async function firings(schedule: string, start: string, minutes: number): Promise<string[]> {
  const clock = new ManualClock(Date.parse(start));
  const cron = [{ schedule, job: { type: "x" } }];
  await using server = await MemoryServer.start({ clock, edition: "enterprise", cron });
  const found: string[] = [];
  let before = 0;
  for (let i = 0; i < minutes; i++) {
    clock.advance(MINUTE);
    const { enqueued = 0 } = { enqueued: server.snapshot().queues["default"] };
    if (enqueued > before) found.push(new Date(clock.now()).toISOString().slice(0, 16));
    before = enqueued;
  }
  return found;
}

it("enqueues a recurring job in each of its minutes, as Enterprise's configuration defines it", async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 0, 0, 30));
  const cron: ServerCron[] = [
    {
      schedule: "*/5 * * * *",
      job: { type: "FiveJob", queue: "critical", retry: 3, args: [1], custom: { foo: "bar" } },
    },
    { schedule: "12 * * * *", job: { type: "HourlyReport", reserve_for: 600 } },
  ];
  await using server = await MemoryServer.start({ clock, edition: "enterprise", cron });
  clock.advance(60 * MINUTE);
  assert.deepEqual(server.snapshot().queues, { critical: 12, default: 1 });
  const { url, transport } = server;
  await using producer = await Producer.connect({ url, transport });
  assert.deepEqual(
    Object.keys((await producer.info()).raw["faktory"] as object).includes("Cron"),
    false,
  );
});

it("understands lists, ranges, steps, names and both kinds of days", async () => {
  const at = "2026-01-01T00:00:00Z";
  assert.deepEqual(await firings("1,3-5,10-20/5 0 * * *", at, 30), [
    ...["2026-01-01T00:01", "2026-01-01T00:03", "2026-01-01T00:04", "2026-01-01T00:05"],
    ...["2026-01-01T00:10", "2026-01-01T00:15", "2026-01-01T00:20"],
  ]);
  assert.deepEqual(await firings("50/5 * * * *", at, 61), ["2026-01-01T00:50", "2026-01-01T00:55"]);
  assert.deepEqual(await firings("@hourly", at, 61), ["2026-01-01T01:00"]);
  // January 1 is a Thursday. Both days are restricted, so one match is enough.
  assert.deepEqual(await firings("2 0 1 * mon", at, 5), ["2026-01-01T00:02"]);
  assert.deepEqual(await firings("2 0 * jan THU", at, 5), ["2026-01-01T00:02"]);
  assert.deepEqual(await firings("2 0 * feb thu", at, 5), []);
  assert.deepEqual(await firings("2 0 * * 7", "2026-01-04T00:00:00Z", 5), ["2026-01-04T00:02"]);
});

it("continues if a unique job still holds its lock", async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const cron = [{ schedule: "* * * * *", job: { type: "x", custom: { unique_for: 150 } } }];
  await using server = await MemoryServer.start({ clock, edition: "enterprise", cron });
  clock.advance(6 * MINUTE);
  assert.deepEqual(server.snapshot().queues, { default: 2 });
});

it("refuses invalid recurring jobs, and any on a free server", async () => {
  const job = { type: "x" };
  const faults: [cron: unknown, text: RegExp][] = [
    [5, /not an array/],
    [[{ schedule: "* * * *", job }], /five fields/],
    [[{ schedule: "61 * * * *", job }], /five fields/],
    [[{ schedule: "5-1 * * * *", job }], /five fields/],
    [[{ schedule: "*/0 * * * *", job }], /five fields/],
    [[{ schedule: "1-2-3 * * * *", job }], /five fields/],
    [[{ schedule: 5, job }], /five fields/],
    [[{ schedule: "* * * * *", job: {} }], /the server would refuse the job of cron\[0\]: .*type/],
    [[{ schedule: "* * * * *", job: { jobtype: "x" } }], /jobtype/],
    [[{ schedule: "* * * * *", job, timezone: "UTC" }], /timezone/],
  ];
  for (const [cron, text] of faults) {
    await assert.rejects(
      MemoryServer.start({ edition: "enterprise", cron: cron as never }),
      (error) => error instanceof ConfigError && text.test(error.message),
      String(text),
    );
  }
  const cron = [{ schedule: "* * * * *", job }];
  await assert.rejects(MemoryServer.start({ cron }), /with the edition free/);
});
