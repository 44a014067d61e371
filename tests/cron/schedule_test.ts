import assert from "node:assert/strict";
import { it } from "node:test";
import { defineJobs, Job, job, Producer } from "../../mod.ts";
import { Schedule, type ScheduleEntries } from "../../src/cron/mod.ts";
import { checkEntries } from "../../src/cron/entry.ts";
import { JobMaker } from "../../src/cron/firing_job.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import { World } from "./world.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const hourly: ScheduleEntries = { hourly: { every: "1h", job: { type: "hourly" } } };

function times(...hours: string[]): string[] {
  return hours.map((hour) => `2026-03-01T${hour}:00.000Z`);
}

it("pushes three firings ahead, each with its time as createdAt", async () => {
  await using world = new World("2026-03-01T00:10:00Z");
  await world.start(hourly);
  assert.equal(world.server.snapshot().scheduled, 3);
  await world.pass(3 * HOUR, 10 * SECOND);
  assert.deepEqual(world.firings("hourly"), times("01:00", "02:00", "03:00"));
  assert.equal(world.server.snapshot().scheduled, 3);
});

it("makes the same bytes in every release, runtime and process", () => {
  const [plan] = checkEntries({
    report: {
      cron: "0 3 * * *",
      timeZone: "Europe/Berlin",
      job: { type: "report", args: ["ä", 1.5, { b: 1, a: [null] }], queue: "q", custom: { x: 1 } },
    },
  });
  const maker = new JobMaker("default", undefined);
  const firing = Date.UTC(2026, 2, 1, 2);
  assert.equal(
    maker.make(plan!, firing).json,
    '{"jid":"cron:default:0tb76w0:report:dad70ccbd1","jobtype":"report","args":["ä",1.5,{"b":1,"a":[null]}],"queue":"q","retry":25,' +
      '"at":"2026-03-01T02:00:00.000Z","custom":{"x":1},"created_at":"2026-03-01T02:00:00.000Z"}',
  );
  assert.match(maker.make(plan!, firing, firing + MINUTE).json, /"at":"2026-03-01T02:01:00.000Z"/);
});

it("pushes no firing that is nearer than the guard", async () => {
  await using world = new World("2026-03-01T00:59:31Z");
  await world.start(hourly);
  await world.pass(MINUTE, SECOND);
  assert.deepEqual(world.firings("hourly"), []);
  await using other = new World("2026-03-01T00:59:29Z");
  await other.start(hourly);
  await other.pass(MINUTE, SECOND);
  assert.deepEqual(other.firings("hourly"), times("01:00"));
});

it("uses the server's clock", async () => {
  await using world = new World("2026-03-01T00:10:00Z");
  const { errors } = await world.start(hourly, { skewMs: -400 * 24 * HOUR });
  await world.start(hourly, { skewMs: 3 * HOUR });
  await world.pass(2 * HOUR, 10 * SECOND);
  assert.deepEqual(world.firings("hourly"), times("01:00", "02:00"));
  assert.deepEqual(errors, []);
});

it("fires what was pushed after all processes have died, and resumes with a new one", async () => {
  await using world = new World("2026-03-01T00:10:00Z");
  await (await world.start(hourly)).crash();
  await world.pass(5 * HOUR, MINUTE);
  assert.deepEqual(world.firings("hourly"), times("01:00", "02:00", "03:00"));
  await world.start(hourly);
  await world.pass(1 * HOUR, 10 * SECOND);
  assert.deepEqual(world.firings("hourly"), times("01:00", "02:00", "03:00", "06:00"));
});

it("pushes a firing again that somebody removed", async () => {
  await using world = new World("2026-03-01T00:10:00Z");
  await world.start(hourly);
  world.server.context.manager.flush();
  await world.pass(2 * MINUTE, 10 * SECOND);
  assert.equal(world.server.snapshot().scheduled, 3);
  await world.pass(HOUR, 10 * SECOND);
  assert.deepEqual(world.firings("hourly"), times("01:00"));
});

it("withdraws a removed or changed entry's firings, and fires the change once", async () => {
  await using world = new World("2026-03-01T00:10:00Z");
  const old = await world.start({
    ...hourly,
    gone: { every: "1h", job: { type: "gone" } },
    moved: { cron: "30 * * * *", job: { type: "moved" } },
  });
  await world.start({ other: { every: "1h", job: { type: "other" } } }, { name: "other" });
  assert.equal(world.server.snapshot().scheduled, 12);
  await old.crash();
  await world.start({
    hourly: { every: "1h", job: { type: "hourly", args: ["changed"] } },
    moved: { cron: "45 * * * *", job: { type: "moved" } },
  });
  assert.equal(world.server.snapshot().scheduled, 9);
  await world.pass(2 * HOUR, 10 * SECOND);
  assert.deepEqual(world.firings("gone"), []);
  assert.deepEqual(world.firings("moved"), times("00:45", "01:45"));
  assert.deepEqual(world.firings("hourly"), times("01:00", "02:00"));
  assert.deepEqual(world.firings("other"), times("01:00", "02:00"));
  assert(world.enqueued.every(({ type, args }) => type !== "hourly" || args[0] === "changed"));
});

it("withdraws firings that an old process pushed after the new one had started", async () => {
  await using world = new World("2026-03-01T00:10:00Z");
  const gone: ScheduleEntries = { gone: { every: "1h", job: { type: "gone" } } };
  const old = await world.start(gone);
  await world.start(hourly);
  await world.pass(4 * MINUTE, 10 * SECOND);
  await old.crash();
  await world.pass(20 * MINUTE, 10 * SECOND);
  assert.equal(world.server.snapshot().scheduled, 3);
  await world.pass(2 * HOUR, 10 * SECOND);
  assert.deepEqual(world.firings("gone"), []);
  assert.deepEqual(world.firings("hourly"), times("01:00", "02:00"));
});

it("withdraw() removes all firings", async () => {
  await using server = await MemoryServer.start();
  const { url, transport } = server;
  await using producer = await Producer.connect({ url, transport });
  await producer.enqueue("mine", [], { at: new Date(Date.now() + HOUR) });
  const schedule = new Schedule(hourly);
  const pushed = new Promise((resolve) => schedule.on("push", resolve));
  const running = schedule.run(producer);
  await pushed;
  await schedule.stop();
  await running;
  assert.equal(server.snapshot().scheduled, 4);
  await schedule.withdraw(producer);
  assert.equal(server.snapshot().scheduled, 1);
});

const missed: ["none" | "last" | "all", string[]][] = [
  ["none", []],
  ["last", ["09:00"]],
  ["all", ["04:00", "05:00", "06:00", "07:00", "08:00", "09:00"]],
];

for (const [catchUp, hours] of missed) {
  it(`catches up with "${catchUp}" of the missed firings, once for many processes`, async () => {
    await using world = new World("2026-03-01T00:10:00Z");
    const entries: ScheduleEntries = {
      hourly: { every: "1h", job: { type: "hourly" }, catchUp },
    };
    const dying = [await world.start(entries), await world.start(entries)];
    await world.pass(20 * MINUTE, 10 * SECOND);
    for (const process of dying) await process.crash();
    // 01:00, 02:00 and 03:00 are on the server.
    await world.pass(8.7 * HOUR, 5 * MINUTE);
    const starting = Array.from({ length: 5 }, () => world.start(entries));
    await Promise.all(starting);
    await world.pass(5 * MINUTE, 10 * SECOND);
    await world.start(entries);
    await world.pass(5 * MINUTE, 10 * SECOND);
    const wanted = times("01:00", "02:00", "03:00", ...hours);
    assert.deepEqual(world.firings("hourly").sort(), wanted);
    await world.pass(1 * HOUR, 10 * SECOND);
    assert.deepEqual(world.firings("hourly").sort(), [...wanted, ...times("10:00")]);
  });
}

it("does not catch up in the first run, or after a restart without missed firings", async () => {
  await using world = new World("2026-03-01T00:10:00Z");
  const entries: ScheduleEntries = {
    hourly: { every: "1h", job: { type: "hourly" }, catchUp: "all" },
  };
  const first = await world.start(entries);
  await world.pass(HOUR, 10 * SECOND);
  await first.crash();
  await world.start(entries);
  await world.pass(HOUR, 10 * SECOND);
  assert.deepEqual(world.firings("hourly"), times("01:00", "02:00"));
});

it("fills in a catalogue's defaults, and refuses invalid jobs", async () => {
  await using server = await MemoryServer.start();
  const { url, transport } = server;
  const jobs = defineJobs({ report: job<[day: string]>({ queue: "reports" }) });
  await using producer = await Producer.connect({ url, transport, jobs });
  const schedule = new Schedule({
    report: { every: "1h", job: (firing) => new Job("report", [firing.toISOString()]) },
  }, { jobs });
  const pushed = new Promise((resolve) => schedule.on("push", resolve));
  const running = schedule.run(producer);
  await pushed;
  await schedule.stop();
  await running;
  await producer.sets.scheduled.requeue({ all: true });
  assert.equal(server.snapshot().queues["reports"], 3);

  const wrong = new Schedule({ x: { every: "1h", job: { type: "reprot" } } } as never, { jobs });
  await assert.rejects(wrong.run(producer), /did you mean "report"/);
  for (const own of [{ jid: "x".repeat(16) }, { at: new Date() }, { createdAt: new Date() }]) {
    const other = new Schedule({ x: { every: "1h", job: { type: "x", ...own } } });
    await assert.rejects(other.run(producer as Producer), /which the schedule sets/);
  }
  const bad = new Schedule({ x: { every: "1h", job: new Job("x", [5n]) } });
  await assert.rejects(bad.run(producer as Producer), /bigint/);
});

it("runs once at a time, and a signal ends it", async () => {
  await using server = await MemoryServer.start();
  const { url, transport } = server;
  await using producer = await Producer.connect({ url, transport });
  const schedule = new Schedule(hourly);
  const stop = new AbortController();
  const running = schedule.run(producer, { signal: stop.signal });
  await assert.rejects(schedule.run(producer), { code: "ALREADY_RUNNING" });
  stop.abort();
  await running;
  await schedule.run(producer, { signal: stop.signal });
  await assert.rejects(schedule.run({} as Producer), { code: "INVALID_OPTION" });
  await schedule.stop();
});

it("goes on after an outage", async () => {
  await using world = new World("2026-03-01T00:10:00Z");
  const { errors } = await world.start(hourly, { ahead: 1 });
  world.isDown = true;
  for (const connection of world.connections) connection.close();
  await world.pass(95 * MINUTE, 10 * SECOND);
  world.isDown = false;
  await world.pass(20 * MINUTE, 10 * SECOND);
  assert.deepEqual(world.firings("hourly"), times("01:00", "02:00"));
  assert(errors.length > 0);
  assert(errors.every((error) => (error as { code?: string }).code === "CONNECTION_LOST"));
});

it("does not repeat a push without a reply once its firing is near", async () => {
  await using world = new World("2026-03-01T00:59:28Z");
  let cuts = 0;
  world.losesReplyTo = (text) => text.includes("PUSH") && cuts++ === 0;
  const { errors } = await world.start(hourly, { ahead: 1 });
  await world.pass(10 * SECOND, SECOND);
  world.isDown = false;
  await world.pass(2 * MINUTE, SECOND);
  assert.deepEqual(world.firings("hourly"), times("01:00"));
  assert.equal((errors[0] as { code?: string }).code, "DEADLINE_PASSED");
});

it("treats an existing unique job as pushed (Enterprise)", async () => {
  await using world = new World("2026-03-01T00:10:00Z", "enterprise");
  const entries: ScheduleEntries = {
    hourly: {
      every: "1h",
      job: (firing) => ({ type: "hourly", args: [firing.getTime()], unique: { for: "1d" } }),
    },
  };
  const processes = [await world.start(entries), await world.start(entries)];
  await world.pass(2 * HOUR, 10 * SECOND);
  assert.deepEqual(world.firings("hourly"), times("01:00", "02:00"));
  for (const { errors } of processes) assert.deepEqual(errors, []);
});
