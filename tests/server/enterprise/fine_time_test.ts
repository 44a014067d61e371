import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../src/server/mod.ts";
import { FineTime, writeFineTime } from "../../../src/server/enterprise/fine_time.ts";

const START = Date.UTC(2026, 0, 1);

/** A clock whose every reading takes 10 microseconds of true time. */
function setting() {
  let microseconds = 0;
  let dayMs = START;
  const clock = {
    now: () => Math.floor(dayMs + (microseconds += 10) / 1000),
    elapsed: () => 77.7 + (microseconds += 10) / 1000,
    after: () => () => {},
  };
  const fine = new FineTime(clock);
  return {
    time: () => [dayMs + microseconds / 1000, fine.now(), dayMs + microseconds / 1000] as const,
    pass: (us: number) => void (microseconds += us),
    set: (ms: number) => void (dayMs += ms),
  };
}

test("the fine time is between the true times before and after, even after the clock was set", () => {
  const { time, pass, set } = setting();
  for (const change of [0, 0, 3_600_000, 0, -7_200_000.4, 0]) {
    set(change);
    for (let i = 0; i < 50; i++) {
      const [before, fine, after] = time();
      assert(before <= fine && fine <= after + 0.1, `${before} ${fine} ${after}`);
      pass(i * 337);
    }
  }
});

test("a manual clock is read as it is", () => {
  assert.equal(new FineTime(new ManualClock(START)).now(), START);
});

test("a clock that stands still during a call is at most a millisecond behind the result", () => {
  const fine = new FineTime({ now: () => START, elapsed: () => 77.7, after: () => () => {} });
  for (const time of [fine.now(), fine.now()]) assert(time >= START && time <= START + 1);
});

test("a fine time is written like Go does, rounded up", () => {
  assert.equal(writeFineTime(START), "2026-01-01T00:00:00Z");
  assert.equal(writeFineTime(START + 120), "2026-01-01T00:00:00.12Z");
  assert.equal(writeFineTime(START + 0.25), "2026-01-01T00:00:00.00025Z");
  assert.equal(writeFineTime(START + 999.9999), "2026-01-01T00:00:01Z");
});
