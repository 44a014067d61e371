import assert from "node:assert/strict";
import { test } from "node:test";
import type { Request } from "../../src/connection/request.ts";
import { ServerClock } from "../../src/connection/server_clock.ts";
import { ConnectionLostError } from "../../src/errors.ts";
import { WallClock } from "../faults/wall_clock.ts";

const HOUR_MS = 3_600_000;

/** Returns a server whose clock is `aheadMs` ahead of the local one. The test answers its INFOs. */
function setting(aheadMs: number) {
  const clock = new WallClock();
  const server = new WallClock(clock.now() + aheadMs);
  const requests: Request[] = [];
  const serverClock = new ServerClock(clock, (request) => {
    request.sending?.();
    requests.push(request);
  });
  return {
    ...{ clock, server, requests, serverClock },
    pass(ms: number) {
      clock.advance(ms);
      server.advance(ms);
    },
    /** Answers the oldest INFO, with a delay of `ms` in each direction. */
    answer(ms = 0, reply: () => Record<string, unknown> = () => ({ now: iso(server.now()) })) {
      this.pass(ms);
      const answer = reply();
      this.pass(ms);
      requests.shift()!.resolve(answer);
    },
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

for (const aheadMs of [-24 * HOUR_MS, -120_000, 0, 1500, 24 * HOUR_MS]) {
  test(`clock ${aheadMs} ms ahead: its time is exact to half the round trip`, async () => {
    const it = setting(aheadMs);
    assert.equal(it.serverClock.now(), it.clock.now());
    const fresh = it.serverClock.fresh();
    it.answer(40);
    await fresh;
    assert.equal(it.serverClock.now(), it.server.now());
    it.pass(59_000);
    assert.equal(it.serverClock.now(), it.server.now());
    assert.equal(it.serverClock.fresh(), undefined);
    assert.equal(it.requests.length, 0);
  });
}

test("the time is requested on demand, once for all callers, again after a minute", async () => {
  const it = setting(5000);
  assert.equal(it.requests.length, 0);
  const both = Promise.all([it.serverClock.fresh(), it.serverClock.fresh()]);
  assert.equal(it.requests.length, 1);
  it.answer();
  await both;
  it.pass(60_001);
  const again = it.serverClock.fresh();
  assert.equal(it.requests.length, 1);
  // The server's clock was set back in the meantime.
  it.server.jump(-HOUR_MS);
  it.answer(10);
  await again;
  assert.equal(it.serverClock.now(), it.server.now());
});

test("a reading whose reply took long is used only until the next call", async () => {
  const it = setting(120_000);
  void it.serverClock.fresh();
  // The server reads the command at once, and its reply takes 18 seconds.
  const reply = { now: iso(it.server.now()) };
  it.pass(18_000);
  const first = it.serverClock.fresh();
  it.requests.shift()!.resolve(reply);
  await first;
  assert.equal(it.serverClock.now() - it.server.now(), -9000);
  const second = it.serverClock.fresh();
  it.answer(20);
  await second;
  assert.equal(it.serverClock.now(), it.server.now());
  assert.equal(it.serverClock.fresh(), undefined);
});

test("a jump of the clock, or a lost connection, causes a new measurement", async () => {
  for (const jump of [HOUR_MS, -HOUR_MS]) {
    const it = setting(0);
    const fresh = it.serverClock.fresh();
    it.answer();
    await fresh;
    it.clock.jump(jump);
    // After a jump back, the monotonic clock counts. A jump forward may have been sleep.
    if (jump < 0) assert.equal(it.serverClock.now(), it.server.now());
    const again = it.serverClock.fresh();
    assert(again !== undefined);
    it.answer(10);
    await again;
    assert.equal(it.serverClock.now(), it.server.now());
    assert.equal(it.serverClock.fresh(), undefined);
  }
  const it = setting(0);
  const fresh = it.serverClock.fresh();
  it.answer();
  await fresh;
  it.serverClock.invalidate();
  assert(it.serverClock.fresh() !== undefined);
});

test("a reading is dropped if the clock jumped before its reply", async () => {
  const it = setting(0);
  const fresh = it.serverClock.fresh();
  it.clock.jump(HOUR_MS);
  it.answer(10);
  await fresh;
  assert.equal(it.serverClock.now(), it.clock.now());
  assert(it.serverClock.fresh() !== undefined);
});

test("of two readings that agree, the more exact one is kept, else the newer one", async () => {
  const it = setting(7000);
  const first = it.serverClock.fresh();
  it.answer(2);
  await first;
  const exact = it.server.now();
  assert.equal(it.serverClock.now(), exact);
  // Only the way back was slow, so this reading alone would be wrong by two seconds.
  const slow = it.serverClock.info();
  const answer = { now: iso(it.server.now()) };
  it.pass(4000);
  it.requests.shift()!.resolve(answer);
  await slow;
  assert.equal(it.serverClock.now(), it.server.now());
  const other = it.serverClock.info();
  it.server.jump(HOUR_MS);
  it.answer(50);
  await other;
  assert.equal(it.serverClock.now(), it.server.now());
});

test("the wait is two seconds for a silent server, none without a connection", async () => {
  const it = setting(HOUR_MS);
  let isOver = false;
  const waiting = it.serverClock.fresh()!.then(() => isOver = true);
  it.pass(1999);
  await Promise.resolve();
  assert(!isOver);
  it.pass(1);
  await waiting;
  assert.equal(it.serverClock.now(), it.clock.now());
  // Later callers share the same INFO.
  const second = it.serverClock.fresh();
  assert.equal(it.requests.length, 1);
  it.requests.shift()!.reject(
    new ConnectionLostError("CONNECTION_LOST", "x", { outcome: "unknown" }),
  );
  await second;
  assert.equal(it.clock.pending, 0, "a timer is left");
  const third = it.serverClock.fresh();
  it.answer();
  await third;
  assert.equal(it.serverClock.now(), it.server.now());
});

test("a reply with only the time of day gets the nearest day", async () => {
  const it = setting(0);
  for (const now of [Date.UTC(2026, 4, 3, 23, 59, 58), Date.UTC(2026, 4, 4, 0, 0, 2)]) {
    it.server.jump(now - it.server.now());
    it.clock.jump(Date.UTC(2026, 4, 4) - it.clock.now());
    const reading = it.serverClock.fresh();
    it.answer(0, () => ({ server_utc_time: `${iso(it.server.now()).slice(11, 19)} UTC` }));
    await reading;
    assert(Math.abs(it.serverClock.now() - it.server.now()) <= 500);
    it.serverClock.invalidate();
  }
});

for (const reply of [{}, { now: 5 }, { now: "yesterday" }, { server_utc_time: "x" }]) {
  test(`a reply without a time is ignored: ${JSON.stringify(reply)}`, async () => {
    const it = setting(HOUR_MS);
    const reading = it.serverClock.fresh();
    it.answer(0, () => reply);
    await reading;
    assert.equal(it.serverClock.now(), it.clock.now());
  });
}
