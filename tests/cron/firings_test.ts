import assert from "node:assert/strict";
import { it } from "node:test";
import { ConfigError } from "../../mod.ts";
import { Schedule, type ScheduleEntry } from "../../src/cron/mod.ts";

const HOUR = 3_600_000;
const job = { type: "x" };

function firings(entry: Omit<ScheduleEntry, "job">, after: string, count: number): string[] {
  return new Schedule({ x: { ...entry, job } }).next("x", { after: new Date(after), count })
    .map((time) => time.toISOString().slice(0, 16));
}

it("fires once at a time that the change to summer time skips, when the hour is over", () => {
  const nightly = { cron: "30 2 * * *", timeZone: "Europe/Berlin" };
  assert.deepEqual(firings(nightly, "2026-03-28T12:00:00Z", 2), [
    "2026-03-29T01:00",
    "2026-03-30T00:30",
  ]);
});

it("fires once at a fixed time in the repeated hour, the first time", () => {
  const nightly = { cron: "30 2 * * *", timeZone: "Europe/Berlin" };
  assert.deepEqual(firings(nightly, "2026-10-24T12:00:00Z", 2), [
    "2026-10-25T00:30",
    "2026-10-26T01:30",
  ]);
});

it("fires in both hours if the minutes or hours are a range", () => {
  const often = { cron: "*/30 * * * *", timeZone: "Europe/Berlin" };
  assert.deepEqual(firings(often, "2026-10-24T23:45:00Z", 5), [
    "2026-10-25T00:00",
    "2026-10-25T00:30",
    "2026-10-25T01:00",
    "2026-10-25T01:30",
    "2026-10-25T02:00",
  ]);
});

it("fires at multiples of a time span, in any time zone", () => {
  assert.deepEqual(firings({ every: "6h" }, "2026-10-24T23:45:00Z", 2), [
    "2026-10-25T00:00",
    "2026-10-25T06:00",
  ]);
  assert.deepEqual(firings({ every: 45_000 }, "1970-01-01T00:00:44Z", 1), ["1970-01-01T00:00"]);
});

it("gives the same firings from any start time in a year", () => {
  const entries: Omit<ScheduleEntry, "job">[] = [
    { cron: "30 2 * * *", timeZone: "Europe/Berlin" },
    { cron: "15 */6 * * *", timeZone: "America/New_York" },
    { cron: "0 0 1,15 * *", timeZone: "Australia/Lord_Howe" },
    { cron: "@weekly" },
  ];
  for (const entry of entries) {
    const schedule = new Schedule({ x: { ...entry, job } });
    const after = new Date("2026-01-01T00:00:00Z");
    const all = schedule.next("x", { after, count: 1500 }).map(Number);
    assert(all.every((time, index) => index === 0 || time > all[index - 1]!));
    for (let at = after.getTime(); at < Date.UTC(2026, 11, 30); at += 71.3 * HOUR) {
      const next = schedule.next("x", { after: new Date(at) })[0]!.getTime();
      assert.equal(next, all.find((time) => time > at), new Date(at).toISOString());
    }
  }
});

it("refuses an invalid schedule", () => {
  const faults: [entries: unknown, text: RegExp][] = [
    [5, /entries are not an object/],
    [{ x: { job } }, /exactly one of cron and every/],
    [{ x: { cron: "0 3 * * *", every: "1h", job } }, /exactly one of cron and every/],
    [{ x: { cron: "0 3 * *", job } }, /five or six fields/],
    [{ x: { cron: "2026-10-25T03:00:00", job } }, /five or six fields/],
    [{ x: { cron: "61 3 * * *", job } }, /61/],
    [{ x: { cron: "0 0 30 2 *", job } }, /it never fires/],
    [{ x: { cron: "0 3 * * *", timeZone: "Mars/Olympus", job } }, /Mars/],
    [{ x: { every: "1h", timeZone: "UTC", job } }, /which needs cron/],
    [{ x: { every: "3s", job } }, /at least 5 whole seconds/],
    [{ x: { every: 5500, job } }, /whole seconds/],
    [{ x: { every: "soon", job } }, /whole seconds/],
    [{ x: { every: "1h", job: "report" } }, /neither a job nor a function/],
    [{ x: { every: "1h", job, catchUp: "some" } }, /catchUp/],
    [{ x: { every: "1h", job, timezone: "UTC" } }, /did you mean timeZone/],
    [{ "a b": { every: "1h", job } }, /letters, digits/],
  ];
  for (const [entries, text] of faults) {
    assert.throws(() => new Schedule(entries as never), (error) => {
      assert(error instanceof ConfigError, String(error));
      assert.match(error.message, text);
      return true;
    });
  }
  assert.throws(() => new Schedule({}, { name: "a b" }), ConfigError);
  assert.throws(() => new Schedule({}, { ahead: 0 }), ConfigError);
  assert.throws(() => new Schedule({}).next("x"), /no such entry/);
});
