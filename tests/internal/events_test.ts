import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter, type ListenerFailure } from "../../src/events.ts";

interface Events {
  word: string;
  listenerError: ListenerFailure;
}

test("every listener is called until it is removed", () => {
  const events = new Emitter<Events>();
  const calls: string[] = [];
  assert.equal(events.has("word"), false);
  const off = events.on("word", (word) => calls.push(`a:${word}`));
  events.on("word", (word) => calls.push(`b:${word}`));
  events.emit("word", "1");
  off();
  events.emit("word", "2");
  assert.deepEqual(calls, ["a:1", "b:1", "b:2"]);
  assert.equal(events.has("word"), true);
});

test("an error of a listener does not affect others and is emitted as listenerError", async () => {
  const events = new Emitter<Events>();
  const failures: ListenerFailure[] = [];
  const calls: string[] = [];
  events.on("word", () => {
    throw "at once";
  });
  events.on("word", () => Promise.reject("later"));
  events.on("word", (word) => calls.push(word));
  events.on("listenerError", (failure) => failures.push(failure));
  events.on("listenerError", () => {
    throw "in the listener of failures";
  });
  events.emit("word", "x");
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(calls, ["x"]);
  assert.deepEqual(failures, [
    { event: "word", error: "at once" },
    { event: "word", error: "later" },
  ]);
});
