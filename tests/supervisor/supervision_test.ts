import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../../src/events.ts";
import { ManualClock } from "../../src/server/mod.ts";
import type { SupervisorEvents } from "../../src/supervisor/mod.ts";
import { resolveSettings, type SupervisorOptions } from "../../src/supervisor/options.ts";
import type { ProcessEnd, Spawn } from "../../src/supervisor/spawn.ts";
import { Supervision } from "../../src/supervisor/supervision.ts";

const clean: ProcessEnd = { code: 0, signal: undefined, error: undefined };
const crashed: ProcessEnd = { code: 1, signal: undefined, error: undefined };
const killed: ProcessEnd = { code: undefined, signal: "SIGKILL", error: undefined };

/** A fake process that records its signals. */
interface Fake {
  readonly index: number;
  readonly events: string[];
  end(end: ProcessEnd): void;
}

function setUp(options: SupervisorOptions = {}, spawnable = true) {
  const clock = new ManualClock();
  const events = new Emitter<SupervisorEvents>();
  const fakes: Fake[] = [];
  const spawn: Spawn = (index, ended) => {
    const events: string[] = [];
    fakes.push({ index, events, end: ended });
    return {
      pid: spawnable ? fakes.length : undefined,
      send: (signal) => void events.push(signal),
      kill: () => void events.push("SIGKILL"),
    };
  };
  const log: string[] = [];
  events.on("start", ({ index, pid, restarts }) => log.push(`start ${index} ${pid} ${restarts}`));
  events.on("exit", ({ index, pid, code, signal, retryInMs }) => {
    log.push(`exit ${index} ${pid} ${signal ?? code} ${retryInMs}`);
  });
  events.on("gaveUp", ({ index, restarts }) => log.push(`gaveUp ${index} ${restarts}`));
  const settings = resolveSettings("worker.ts", { processes: 1, ...options });
  // With the maximum jitter, delays are exact powers of two.
  const supervision = new Supervision({ settings, spawn, events, clock, random: () => 1 });
  return { clock, events, fakes, log, supervision, report: supervision.run() };
}

/** The fake process that was started last. */
function last(fakes: readonly Fake[]): Fake {
  const fake = fakes.at(-1);
  assert(fake !== undefined);
  return fake;
}

test("processes that exit with status 0 are not restarted", async () => {
  const { fakes, log, clock, report, supervision } = setUp({ processes: 2 });
  assert.deepEqual(supervision.processes.map(({ pid, state }) => [pid, state]), [
    [1, "running"],
    [2, "running"],
  ]);
  clock.advance(500);
  fakes[1]?.end(clean);
  fakes[0]?.end(clean);
  const { reason, exits, restarts } = await report;
  assert.deepEqual([reason, restarts], ["ended", 0]);
  assert.deepEqual(exits[0], {
    index: 0,
    pid: 1,
    ...clean,
    startedAt: new Date(clock.now() - 500),
    endedAt: new Date(clock.now()),
  });
  assert.deepEqual(exits.map(({ pid }) => pid), [1, 2]);
  assert.deepEqual(log, [
    "start 0 1 0",
    "start 1 2 0",
    "exit 1 2 0 undefined",
    "exit 0 1 0 undefined",
  ]);
});

test("a crashed process is restarted, after delays that grow up to their limit", () => {
  const { fakes, log, clock, supervision } = setUp({ backoff: { initialMs: 1000, maxMs: 4000 } });
  for (const waitMs of [1000, 2000, 4000, 4000]) {
    last(fakes).end(killed);
    assert.equal(supervision.processes[0]?.state, "waiting");
    assert.equal(supervision.processes[0]?.pid, undefined);
    clock.advance(waitMs - 1);
    assert.equal(supervision.processes[0]?.state, "waiting");
    clock.advance(1);
    assert.equal(supervision.processes[0]?.state, "running");
  }
  assert.equal(supervision.processes[0]?.restarts, 4);
  assert.deepEqual(log.slice(1, 5), [
    "exit 0 1 SIGKILL 1000",
    "start 0 2 1",
    "exit 0 2 SIGKILL 2000",
    "start 0 3 2",
  ]);
});

test("a long run resets the delays, and the count of restarts in a row", async () => {
  const { fakes, log, clock, report } = setUp({
    backoff: { initialMs: 1000, resetAfterMs: 60_000 },
    maxRestarts: 1,
  });
  last(fakes).end(crashed);
  clock.advance(1000);
  clock.advance(60_000);
  last(fakes).end(crashed);
  clock.advance(1000);
  clock.advance(59_999);
  last(fakes).end(crashed);
  assert.deepEqual(log, [
    "start 0 1 0",
    "exit 0 1 1 1000",
    "start 0 2 1",
    "exit 0 2 1 1000",
    "start 0 3 2",
    "exit 0 3 1 undefined",
    "gaveUp 0 1",
  ]);
  assert.equal(clock.pending, 0);
  const { reason, restarts } = await report;
  assert.deepEqual([reason, restarts], ["gaveUp", 2]);
});

test("a slot that is given up does not affect the others", async () => {
  const { fakes, report, supervision } = setUp({ processes: 2, maxRestarts: 0 });
  fakes[0]?.end(crashed);
  assert.deepEqual(supervision.processes.map(({ state }) => state), ["ended", "running"]);
  fakes[1]?.end(clean);
  assert.equal((await report).reason, "gaveUp");
});

test("a process that cannot be started is retried like a crashed one", () => {
  const { fakes, log, clock, events } = setUp({}, false);
  const errors: unknown[] = [];
  events.on("exit", ({ error }) => errors.push(error));
  const error = new Error("no such file");
  last(fakes).end({ code: undefined, signal: undefined, error });
  assert.deepEqual(log, ["exit 0 undefined undefined 1000"]);
  assert.deepEqual(errors, [error]);
  clock.advance(1000);
  assert.equal(fakes.length, 2);
});

test("restart selects the ends after which a process is restarted", async () => {
  const always = setUp({ restart: "always" });
  last(always.fakes).end(clean);
  always.clock.advance(1000);
  assert.equal(always.fakes.length, 2);
  const never = setUp({ restart: "never" });
  last(never.fakes).end(crashed);
  const { reason, exits } = await never.report;
  assert.deepEqual([reason, exits[0]?.code], ["ended", 1]);
});

test("a stop ends all processes, waits for them, and restarts none", async () => {
  const { fakes, clock, report, supervision } = setUp({ processes: 2, restart: "always" });
  supervision.stop("signal", undefined);
  assert.deepEqual(fakes.map(({ events }) => events), [["SIGTERM"], ["SIGTERM"]]);
  fakes[0]?.end(clean);
  fakes[1]?.end(crashed);
  const { reason, exits } = await report;
  assert.deepEqual([reason, exits.map(({ code }) => code)], ["signal", [0, 1]]);
  assert.equal(clock.pending, 0);
});

test("a second stop signals again, and keeps the first reason and time limit", async () => {
  const { fakes, clock, report, supervision } = setUp({ graceMs: 5000 });
  supervision.stop("signal", undefined);
  clock.advance(4000);
  supervision.stop("stopped", undefined);
  assert.deepEqual(last(fakes).events, ["SIGTERM", "SIGTERM"]);
  clock.advance(1000);
  assert.deepEqual(last(fakes).events, ["SIGTERM", "SIGTERM", "SIGKILL"]);
  last(fakes).end(killed);
  const { reason, exits } = await report;
  assert.deepEqual([reason, exits[0]?.signal], ["signal", "SIGKILL"]);
});

test("a second stop can set a new time limit", () => {
  const { fakes, clock, supervision } = setUp();
  supervision.stop("stopped", 10_000);
  supervision.stop("stopped", 100);
  clock.advance(100);
  assert.deepEqual(last(fakes).events, ["SIGTERM", "SIGTERM", "SIGKILL"]);
  assert.equal(clock.pending, 0);
});

test("a stop while a restart is due ends at once", async () => {
  const { fakes, clock, report, supervision } = setUp();
  last(fakes).end(crashed);
  supervision.stop("stopped", undefined);
  const { reason, restarts } = await report;
  assert.deepEqual([reason, restarts], ["stopped", 0]);
  assert.equal(clock.pending, 0);
  assert.equal(fakes.length, 1);
});

test("a stop by a listener of the first start starts no others", async () => {
  const events = new Emitter<SupervisorEvents>();
  const ends: ((end: ProcessEnd) => void)[] = [];
  const supervision = new Supervision({
    settings: resolveSettings("worker.ts", { processes: 3 }),
    spawn: (_index, ended) => {
      ends.push(ended);
      return { pid: 1, send: () => {}, kill: () => {} };
    },
    events,
    clock: new ManualClock(),
  });
  events.on("start", () => supervision.stop("stopped", undefined));
  const report = supervision.run();
  assert.equal(ends.length, 1);
  ends[0]?.(clean);
  assert.deepEqual((await report).exits.map(({ index }) => index), [0]);
});

test("a stop by a listener of an exit cancels the announced restart", async () => {
  const { fakes, events, clock, report, supervision } = setUp();
  events.on("exit", ({ retryInMs }) => {
    assert.equal(retryInMs, 1000);
    supervision.stop("stopped", undefined);
  });
  last(fakes).end(crashed);
  assert.equal((await report).reason, "stopped");
  assert.equal(clock.pending, 0);
});

test("quiet and print are passed on, and after quiet nothing is restarted", async () => {
  const { fakes, clock, report, supervision } = setUp({ processes: 3 });
  fakes[2]?.end(crashed);
  supervision.print();
  supervision.quiet();
  assert.deepEqual(fakes.map(({ events }) => events), [
    ["SIGTTIN", "SIGTSTP"],
    ["SIGTTIN", "SIGTSTP"],
    [],
  ]);
  assert.equal(clock.pending, 0);
  fakes[0]?.end(crashed);
  assert.equal(clock.pending, 0);
  supervision.stop("stopped", undefined);
  fakes[1]?.end(clean);
  assert.equal((await report).reason, "stopped");
});
