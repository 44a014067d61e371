import assert from "node:assert/strict";
import { test } from "node:test";
import { onAbort } from "../../src/internal/aborts.ts";

test("onAbort calls back on a signal that has listeners of the user too", () => {
  const controller = new AbortController();
  const called: string[] = [];
  controller.signal.addEventListener("abort", () => called.push("user"));
  onAbort(controller.signal, () => called.push("first"));
  onAbort(controller.signal, () => called.push("second"));
  controller.abort();
  assert.deepEqual(called, ["user", "first", "second"]);
});

test("onAbort calls nothing that was cancelled, not even by an earlier callback", () => {
  const controller = new AbortController();
  const called: string[] = [];
  onAbort(controller.signal, () => {
    called.push("first");
    cancelSecond();
  });
  const cancelSecond = onAbort(controller.signal, () => called.push("second"));
  const cancelThird = onAbort(controller.signal, () => called.push("third"));
  cancelThird();
  controller.abort();
  assert.deepEqual(called, ["first"]);
});
