import assert from "node:assert/strict";
import { test } from "node:test";
import { elapsedMs, systemClock } from "../../src/internal/clock.ts";
import { afterSockets, atEndOfTurn } from "../../src/internal/host_timers.ts";
import { onAbort } from "../../src/internal/aborts.ts";
import { scripted } from "../producer/setting.ts";

test("a fake queueMicrotask does not delay commands", async () => {
  const original = globalThis.queueMicrotask;
  globalThis.queueMicrotask = () => {};
  try {
    let isCalled = false;
    atEndOfTurn(() => isCalled = true);
    assert.equal(isCalled, false);
    await Promise.resolve();
    assert(isCalled);
    const { peer, producer } = await scripted();
    const jid = producer.enqueue("x");
    await peer.received(1);
    peer.say("+OK\r\n");
    await jid;
    peer.end();
    await producer.close();
  } finally {
    globalThis.queueMicrotask = original;
  }
});

test("a fake setImmediate does not delay a save", async () => {
  const scope = globalThis as { setImmediate?: unknown };
  const original = scope.setImmediate;
  scope.setImmediate = () => assert.fail("it was called");
  try {
    await new Promise<void>((resolve) => afterSockets(resolve));
  } finally {
    scope.setImmediate = original;
  }
});

test("fake timers and a mocked Date stop neither the system clock nor its timers", async () => {
  const { setTimeout, clearTimeout, Date, performance } = globalThis;
  const before = [systemClock.now(), elapsedMs(systemClock)] as const;
  Object.assign(globalThis, { setTimeout: () => 0, clearTimeout: () => {} });
  globalThis.Date = class extends Date {
    static override now = () => 0;
  } as DateConstructor;
  Object.defineProperty(globalThis, "performance", {
    value: { now: () => 0 },
    ...{ configurable: true, writable: true, enumerable: true },
  });
  try {
    await new Promise<void>((resolve) => systemClock.after(1, resolve));
    systemClock.after(1, () => assert.fail("it was cancelled"))();
    assert(systemClock.now() >= before[0]);
    assert(elapsedMs(systemClock) >= before[1]);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout, Date });
    Object.defineProperty(globalThis, "performance", {
      value: performance,
      ...{ configurable: true, writable: true, enumerable: true },
    });
  }
});

/** Counts the listeners of a signal. */
function counted() {
  const { signal, abort } = ((controller) => ({
    signal: controller.signal,
    abort: () => controller.abort(new Error("enough")),
  }))(new AbortController());
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  return { signal, abort, listeners: () => listeners };
}

test("calls with the same signal share one listener, removed when they have ended", async () => {
  const { signal, listeners } = counted();
  const { peer, producer } = await scripted();
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < 40; i++) calls.push(producer.enqueue("x", [i], { signal }));
  calls.push(producer.enqueueMany([{ type: "y" }], { signal }));
  assert.equal(listeners(), 1);
  await peer.received(1);
  peer.say("$2\r\n{}\r\n");
  await peer.received(peer.lines.length);
  while (peer.lines.length < 1) await Promise.resolve();
  await Promise.all(calls);
  assert.equal(listeners(), 0);
  peer.end();
  await producer.close();
});

test("every callback of a signal runs once, unless an earlier callback cancelled it", () => {
  const { signal, abort, listeners } = counted();
  const called: string[] = [];
  const callback = () => called.push("same");
  const first = onAbort(signal, callback);
  onAbort(signal, callback);
  let off = () => {};
  onAbort(signal, () => off());
  off = onAbort(signal, () => called.push("off"));
  first();
  first();
  abort();
  abort();
  assert.deepEqual(called, ["same"]);
  assert.equal(listeners(), 0);
  onAbort(signal, () => called.push("late"))();
  onAbort(undefined, () => called.push("none"))();
  assert.deepEqual(called, ["same"]);
});
