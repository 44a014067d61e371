import assert from "node:assert/strict";
import { it } from "node:test";
import { backoffMs } from "../../src/internal/backoff.ts";
import { ManualClock } from "../../src/internal/clock.ts";
import { runtime } from "../../src/internal/environment.ts";
import { Fifo } from "../../src/internal/fifo.ts";
import { startTimer } from "../../src/internal/host_timers.ts";
import { printable, printableJson } from "../../src/internal/show.ts";

it("Fifo keeps its order over many items", () => {
  const fifo = new Fifo<number>();
  for (let i = 0; i < 5000; i++) fifo.push(i);
  for (let i = 0; i < 3000; i++) assert.equal(fifo.shift(), i);
  fifo.unshift([-2, -1]);
  assert.deepEqual([fifo.shift(), fifo.shift(), fifo.shift()], [-2, -1, 3000]);
  assert.deepEqual(
    fifo.removeWhere((n) => n > 3001),
    Array.from({ length: 1998 }, (_, i) => i + 3002),
  );
  assert.deepEqual([fifo.shift(), fifo.shift(), fifo.length], [3001, undefined, 0]);
});

it("backoff doubles up to its limit, with jitter in its upper half", () => {
  const options = { initialMs: 100, maxMs: 1000 };
  assert.equal(backoffMs(0, options, () => 0), 50);
  assert.equal(backoffMs(2, options, () => 1), 400);
  assert.equal(backoffMs(1000, options, () => 1), 1000);
});

it("ManualClock fires due timers in order", () => {
  const clock = new ManualClock(0);
  const fired: number[] = [];
  clock.after(20, () => fired.push(20));
  clock.after(10, () => clock.after(5, () => fired.push(15)));
  clock.after(12, () => fired.push(12))();
  clock.advance(19);
  assert.deepEqual([fired, clock.now(), clock.pending], [[15], 19, 1]);
  clock.advance(1);
  assert.deepEqual(fired, [15, 20]);
});

it("runs in the runtime that the gate asked for", (t) => {
  const wanted = process.env["FAKTORY_TEST_RUNTIME"];
  if (wanted === undefined) return t.skip("FAKTORY_TEST_RUNTIME is not set");
  assert.equal(runtime(), wanted);
});

it("the system clock waits longer than setTimeout can", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const after = (ms: number, callback: () => void) => startTimer(ms, callback, globalThis);
  let fired = 0;
  const longest = 2 ** 31 - 1;
  after(longest + 10, () => fired++);
  after(Infinity, () => assert.fail("for ever is over"));
  const cancel = after(2 * longest, () => assert.fail("it was cancelled"));
  after(-1, () => fired++);
  t.mock.timers.tick(0);
  assert.equal(fired, 1);
  t.mock.timers.tick(longest);
  cancel();
  t.mock.timers.tick(9);
  assert.equal(fired, 1);
  t.mock.timers.tick(1);
  assert.equal(fired, 2);
  t.mock.timers.tick(longest);
});

it("control characters are not printed, and are escaped in JSON", () => {
  const text = "a\u001b[2Jb\u009b2Jc\u202ed\ne";
  assert.equal(printable(text), "a [2Jb 2Jc d e");
  const json = printableJson({ text });
  assert.match(json, /^[\x20-\x7e]+$/);
  assert.deepEqual(JSON.parse(json), { text });
});
