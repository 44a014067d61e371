import assert from "node:assert/strict";
import { test } from "node:test";
import { InFlightWindow } from "../../src/producer/in_flight_window.ts";

function fill(window: InFlightWindow): number {
  let count = 0;
  for (; !window.isFull; count++) window.begin();
  return count;
}

test("a full window has room when a job has its result", async () => {
  const window = new InFlightWindow();
  assert.equal(fill(window), 1000);
  let isRoom = false;
  const room = window.room().then(() => isRoom = true);
  await undefined;
  assert.equal(isRoom, false);
  window.end();
  await room;
  assert.equal(fill(window), 1);
});

test("the window is empty when no job is in flight", async () => {
  const window = new InFlightWindow();
  await window.empty();
  window.begin();
  let isEmpty = false;
  const empty = window.empty().then(() => isEmpty = true);
  await undefined;
  assert.equal(isEmpty, false);
  window.end();
  await empty;
});

test("a wait ends when it is released", async () => {
  const window = new InFlightWindow();
  window.begin();
  const released = window.empty();
  window.release();
  await released;
});
